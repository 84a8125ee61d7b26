/**
 * How an attempt ends, and what that makes of its task.
 *
 * What counts against `max_attempts`: an attempt that failed, timed out or whose lease was lost. One that was
 * given back (a draining worker, a worker that refused it) does not. A `once` tool without an idempotency key or
 * `retry.always` never runs again after an attempt that may have begun.
 */
import type { ErrorFacts } from '../../errors.ts'
import type { AttemptState, TaskHead } from '../task.ts'
import { finish, withAttempt } from './attempt-end.ts'
import { backoffMs } from './backoff.ts'
import type { CommandMap } from './commands.ts'
import { outcomeMark } from './outcome-mark.ts'
import type { Decision } from './states.ts'

/** Longest backoff of a task that was given back, milliseconds. */
const GIVEN_BACK_DELAY_MS = 5_000

export function settle(task: TaskHead, command: CommandMap['settle']): Decision {
  const attempt = task.attempts.find(each => each.fence === command.fence)
  if (
    attempt === undefined ||
    attempt.peer_id !== command.peer_id ||
    attempt.instance_id !== command.instance_id
  ) {
    return { refusal: 'stale_fence' }
  }
  const outcome_mark = outcomeMark(command.outcome)
  if (attempt.outcome_mark === outcome_mark) return { refusal: 'duplicate' }
  if (attempt.outcome_mark !== undefined || command.fence !== task.fence) return { refusal: 'stale_fence' }
  const { outcome, at, roll } = command
  const ended = (state: AttemptState, error?: ErrorFacts): TaskHead =>
    withAttempt(task, {
      ...attempt,
      state,
      ended_at: at,
      outcome_mark,
      ...(error === undefined ? {} : { error }),
    })

  if (outcome.state === 'succeeded') {
    return { task: finish(ended('succeeded'), 'succeeded', at) }
  }
  const { error } = outcome
  // That an attempt which counts as lost or overrun has also been stopped is no news, and must not uncount it.
  const isGivenBack = outcome.state === 'cancelled' || hasNotRun(error)
  if (isGivenBack && attempt.state !== 'running') return { refusal: 'stale_fence' }
  if (hasNotRun(error)) return { task: giveBack(ended('released', error), at, roll) }
  if (outcome.state === 'cancelled') {
    const released = ended('released', error)
    return {
      task: mayRepeat(task)
        ? giveBack(released, at, roll)
        : finish(released, 'failed', at, outcomeUnknown(error.message)),
    }
  }
  if (error.code === 'outcome_unknown') return { task: retryOrFail(ended('lost', error), at, roll, error) }
  const failed = ended(error.code === 'timed_out' ? 'timed_out' : 'failed', error)
  if (!error.retryable) return { task: finish(failed, 'failed', at, error) }
  return { task: retryOrFail(failed, at, roll, error) }
}

export function release(task: TaskHead, { fence, cause, at, roll }: CommandMap['release']): Decision {
  const attempt = task.attempts.at(-1)
  if (attempt === undefined || fence !== task.fence) return { refusal: 'stale_fence' }
  switch (cause) {
    case 'given_back': {
      const released = withAttempt(task, { ...attempt, state: 'released', ended_at: at })
      return { task: { ...released, state: 'queued', queued_at: at } }
    }
    case 'timed_out': {
      const error: ErrorFacts = {
        code: 'timed_out',
        message: `the attempt took longer than ${task.attempt_timeout_ms} ms`,
        retryable: true,
      }
      const late = withAttempt(task, { ...attempt, state: 'timed_out', ended_at: at, error })
      return { task: retryOrFail(late, at, roll, error) }
    }
    case 'lost': {
      const error = outcomeUnknown('the lease was lost: its peer went away or stopped answering')
      const lost = withAttempt(task, { ...attempt, state: 'lost', ended_at: at, error })
      return { task: retryOrFail(lost, at, roll, error) }
    }
  }
}

export function isRepeat(task: TaskHead, command: CommandMap['settle']): boolean {
  const attempt = task.attempts.find(each => each.fence === command.fence)
  if (attempt?.outcome_mark === undefined || attempt.peer_id !== command.peer_id) return false
  return attempt.outcome_mark === outcomeMark(command.outcome)
}

/** A worker that had no room, or not the tool, refuses with one of these before anything runs. */
function hasNotRun(error: ErrorFacts): boolean {
  return error.code === 'unavailable' || error.code === 'no_runtime'
}

function mayRepeat(task: TaskHead): boolean {
  return task.repeat !== 'once' || task.idempotency_key !== undefined || task.retry.always
}

function retryOrFail(task: TaskHead, at: number, roll: number, error: ErrorFacts): TaskHead {
  const spent = task.attempts.filter(each => each.state !== 'released' && each.state !== 'running').length
  if (!mayRepeat(task) || spent >= task.retry.max_attempts) return finish(task, 'failed', at, error)
  // Back in the queue already, it keeps its time.
  if (task.state === 'queued') return task
  // A first loss is its peer's failure, not the task's; one that is lost again may be what ends its peers.
  const isFirstLoss = error.code === 'outcome_unknown' && lossesOf(task) === 1
  return requeue(task, at, isFirstLoss ? 0 : backoffMs(task.retry, spent, roll))
}

function lossesOf({ attempts }: TaskHead): number {
  return attempts.filter(({ state }) => state === 'lost').length
}

/** Another worker may have room at once, so a task that was given back again and again waits only seconds. */
function giveBack(task: TaskHead, at: number, roll: number): TaskHead {
  const times = task.attempts.length - 1 - task.attempts.findLastIndex(each => each.state !== 'released')
  const max_delay_ms = Math.min(task.retry.max_delay_ms, GIVEN_BACK_DELAY_MS)
  return requeue(task, at, backoffMs({ ...task.retry, max_delay_ms }, times, roll))
}

function requeue(task: TaskHead, at: number, delayMs: number): TaskHead {
  return { ...task, state: 'queued', queued_at: at, ...(delayMs > 0 ? { run_at: at + delayMs } : {}) }
}

function outcomeUnknown(message: string): ErrorFacts {
  return { code: 'outcome_unknown', message, retryable: false }
}
