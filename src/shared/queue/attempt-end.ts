import type { ErrorFacts } from '../errors.ts'
import type { Attempt, AttemptState, TaskHead, TaskState } from './task.ts'

export function finish(task: TaskHead, state: TaskState, at: number, error?: ErrorFacts): TaskHead {
  const { run_at: _, ...rest } = task
  return { ...rest, state, ended_at: at, ...(error === undefined ? {} : { error }) }
}

export function endRunning(task: TaskHead, state: AttemptState, at: number, error: ErrorFacts): TaskHead {
  const attempt = task.attempts.at(-1)
  if (task.state !== 'running' || attempt === undefined) return task
  return withAttempt(task, { ...attempt, state, ended_at: at, error })
}

export function withAttempt(task: TaskHead, changed: Attempt): TaskHead {
  return { ...task, attempts: task.attempts.map(each => (each.fence === changed.fence ? changed : each)) }
}
