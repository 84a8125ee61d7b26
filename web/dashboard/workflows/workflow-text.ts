import type { StateCount } from '../../design/state-bar.ts'
import { STEP_STATES, type StepCounts, type WorkflowRow } from '../../feed/workflow-schemas.ts'
import { formatDuration, formatElapsed } from '../../format/duration.ts'
import { formatCount } from '../../format/number.ts'

/** For a bar, in its order. */
export function stepCounts(counts: StepCounts): StateCount[] {
  return STEP_STATES.map(state => [state, counts[state]])
}

/** `7 / 20`. */
export function endedSteps(counts: StepCounts): string {
  const { pending, waiting, running, ...ended } = counts
  const done = Object.values(ended).reduce((sum, count) => sum + count, 0)
  return `${formatCount(done)} / ${formatCount(done + pending + waiting + running)}`
}

/** From its submission to its end, or until now. */
export function workflowTime({ created_at, ended_at }: WorkflowRow, now: number): string {
  const created = Date.parse(created_at)
  return ended_at === undefined
    ? formatElapsed(now - created)
    : formatDuration(Date.parse(ended_at) - created)
}
