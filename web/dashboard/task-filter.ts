import type { TaskState } from '../../src/shared/queue/task.ts'
import type { TaskList } from '../feed/view-schemas.ts'

export type TaskFilter = 'all' | TaskState

/** In the order of a task's life; the rarer states are offered only where there are some. */
const ALWAYS: readonly TaskState[] = ['queued', 'running', 'succeeded', 'failed']
const WHEN_ANY: readonly TaskState[] = ['scheduled', 'cancelled', 'expired']

export interface FilterChoice {
  filter: TaskFilter
  count: number
}

/** What can be chosen, with how many tasks each has. `chosen` stays on offer even with none left. */
export function filterChoices(counts: TaskList['counts'], chosen: TaskFilter): FilterChoice[] {
  const offered = [...ALWAYS, ...WHEN_ANY.filter(state => counts[state] > 0 || state === chosen)]
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0)
  return [{ filter: 'all', count: all }, ...offered.map(filter => ({ filter, count: counts[filter] }))]
}
