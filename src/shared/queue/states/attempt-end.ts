import type { ErrorFacts } from '../../errors.ts'
import type { Attempt, AttemptState, TaskHead, TaskState } from '../task.ts'

/** Most tasks have none, and leaving a property out of an object is slow. */
export function withoutRunAt(task: TaskHead): TaskHead {
  if (task.run_at === undefined) return task
  const { run_at: _, ...rest } = task
  return rest
}

export function finish(task: TaskHead, state: TaskState, at: number, error?: ErrorFacts): TaskHead {
  const ended: TaskHead = { ...withoutRunAt(task), state, ended_at: at }
  if (error !== undefined) ended.error = error
  return ended
}

export function endRunning(task: TaskHead, state: AttemptState, at: number, error: ErrorFacts): TaskHead {
  const attempt = task.attempts.at(-1)
  if (task.state !== 'running' || attempt === undefined) return task
  return withAttempt(task, { ...attempt, state, ended_at: at, error })
}

export function withAttempt(task: TaskHead, changed: Attempt): TaskHead {
  return { ...task, attempts: task.attempts.map(each => (each.fence === changed.fence ? changed : each)) }
}
