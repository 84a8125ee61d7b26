import type { TaskHead } from '../task.ts'
import type { CommandMap } from './commands.ts'
import type { Decision } from './states.ts'

/** What a submitter changes of a task that waits. Between attempts only its priority: the rest was part of the first. */
export function update(task: TaskHead, { at, changes }: CommandMap['update']): Decision {
  const isPriorityAlone = Object.keys(changes).every(key => key === 'priority')
  if (task.attempts.length > 0 && !isPriorityAlone) return { refusal: 'wrong_state' }
  const { queue_timeout_ms = task.queue_timeout_ms, deadline = task.deadline, run_at, ...plain } = changes
  const { queue_timeout_ms: _timeout, deadline: _deadline, ...kept } = task
  const changed: TaskHead = { ...kept, ...plain }
  if (typeof queue_timeout_ms === 'number') changed.queue_timeout_ms = queue_timeout_ms
  if (typeof deadline === 'number') changed.deadline = deadline
  return { task: run_at === undefined ? changed : startAt(changed, run_at, at) }
}

function startAt(task: TaskHead, runAt: number, at: number): TaskHead {
  const { run_at: _runAt, queued_at: queuedAt = at, ...rest } = task
  if (runAt > at) return { ...rest, state: 'scheduled', run_at: runAt }
  return { ...rest, state: 'queued', queued_at: queuedAt }
}
