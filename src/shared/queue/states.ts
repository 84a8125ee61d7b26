/**
 * The state table of a task: every change that can happen to one is decided here, as a pure function, and
 * every store runs this same function inside its transaction.
 *
 * What counts against `max_attempts`: an attempt that failed, timed out or whose lease was lost. One that was
 * given back (a draining worker, a worker that refused it) does not. A `once` tool without an idempotency key or
 * `retry.always` never runs again after an attempt that may have begun.
 */
import { cidOf } from '../artifacts/cid.ts'
import type { ErrorFacts } from '../errors.ts'
import type { Json, JsonObject } from '../tools/tool.ts'
import { backoffMs } from './backoff.ts'
import type { CommandKind, CommandMap, Refusal, ReportedOutcome } from './commands.ts'
import { ATTEMPTS_KEPT } from './limits.ts'
import type { Attempt, AttemptState, TaskHead, TaskState } from './task.ts'

/** The task after the command (its `seq` still to be given by the store), or why nothing changes. */
export type Decision = { task: TaskHead } | { refusal: Refusal }

type Rule<K extends CommandKind> = (task: TaskHead, command: CommandMap[K]) => Decision
type Row = { [K in CommandKind]: Rule<K> }

const refuse = (refusal: Refusal) => (): Decision => ({ refusal })

const TERMINAL: Row = {
  submit: refuse('conflict'),
  promote: refuse('terminal'),
  lease: refuse('terminal'),
  settle: (task, command) => ({ refusal: isRepeat(task, command) ? 'duplicate' : 'stale_fence' }),
  release: refuse('terminal'),
  cancel: refuse('terminal'),
  expire: refuse('terminal'),
}

const TABLE: Record<TaskState, Row> = {
  scheduled: {
    submit: refuse('conflict'),
    promote,
    lease: refuse('wrong_state'),
    settle: refuse('stale_fence'),
    release: refuse('stale_fence'),
    cancel,
    expire,
  },
  queued: {
    submit: refuse('conflict'),
    promote: refuse('wrong_state'),
    lease,
    settle,
    release: refuse('stale_fence'),
    cancel,
    expire,
  },
  running: {
    submit: refuse('conflict'),
    promote: refuse('wrong_state'),
    lease: refuse('wrong_state'),
    settle,
    release,
    cancel,
    expire,
  },
  succeeded: TERMINAL,
  failed: TERMINAL,
  cancelled: TERMINAL,
  expired: TERMINAL,
}

/** Longest backoff of a task that was given back, milliseconds. */
const GIVEN_BACK_DELAY_MS = 5_000

/** What `command` makes of `task` (`undefined`: there is none by that id). Changes neither. */
export function decide<K extends CommandKind>(
  task: TaskHead | undefined,
  command: CommandMap[K] & { kind: K },
): Decision {
  if (task === undefined) return decideAbsent(command)
  const row: Row = TABLE[task.state]
  return row[command.kind](task, command)
}

function decideAbsent(command: CommandMap[CommandKind]): Decision {
  if (command.kind === 'submit') return submit(command)
  return { refusal: command.kind === 'settle' ? 'stale_fence' : 'not_found' }
}

function submit({ task, at }: CommandMap['submit']): Decision {
  const { run_at, ...rest } = task
  if (run_at !== undefined && run_at > at) return { task: { ...task, state: 'scheduled' } }
  return { task: { ...rest, state: 'queued', queued_at: at } }
}

function promote(task: TaskHead, { at }: CommandMap['promote']): Decision {
  if (task.run_at !== undefined && task.run_at > at) return { refusal: 'not_due' }
  const { run_at: _, ...rest } = task
  return { task: { ...rest, state: 'queued', queued_at: at } }
}

function lease(task: TaskHead, { at, peer_id, instance_id }: CommandMap['lease']): Decision {
  if (task.run_at !== undefined && task.run_at > at) return { refusal: 'not_due' }
  const { run_at: _, ...rest } = task
  const fence = task.fence + 1
  const number = (task.attempts.at(-1)?.number ?? 0) + 1
  const attempt: Attempt = { number, fence, peer_id, instance_id, state: 'running', started_at: at }
  return { task: { ...rest, state: 'running', fence, attempts: keepRecent([...task.attempts, attempt]) } }
}

function settle(task: TaskHead, command: CommandMap['settle']): Decision {
  const attempt = task.attempts.find(each => each.fence === command.fence)
  if (
    attempt === undefined ||
    attempt.peer_id !== command.peer_id ||
    attempt.instance_id !== command.instance_id
  ) {
    return { refusal: 'stale_fence' }
  }
  const outcome_cid = outcomeCid(command.outcome)
  if (attempt.outcome_cid === outcome_cid) return { refusal: 'duplicate' }
  if (attempt.outcome_cid !== undefined || command.fence !== task.fence) return { refusal: 'stale_fence' }
  const { outcome, at, roll } = command
  const ended = (state: AttemptState, error?: ErrorFacts): TaskHead =>
    withAttempt(task, {
      ...attempt,
      state,
      ended_at: at,
      outcome_cid,
      ...(error === undefined ? {} : { error }),
    })

  if (outcome.state === 'succeeded') {
    return { task: { ...finish(ended('succeeded'), 'succeeded', at), outcome_cid } }
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
  if (!error.retryable) return { task: { ...finish(failed, 'failed', at, error), outcome_cid } }
  return { task: retryOrFail(failed, at, roll, error) }
}

function release(task: TaskHead, { fence, cause, at, roll }: CommandMap['release']): Decision {
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

function cancel(task: TaskHead, { at, reason }: CommandMap['cancel']): Decision {
  const error: ErrorFacts = { code: 'cancelled', message: reason, retryable: false }
  const stopped = endRunning(task, 'cancelled', at, error)
  return { task: { ...finish(stopped, 'cancelled', at, error), fence: task.fence + 1 } }
}

function expire(task: TaskHead, { at, limit }: CommandMap['expire']): Decision {
  const end = limit === 'deadline' ? task.deadline : queueLimit(task)
  if (end === undefined) return { refusal: 'wrong_state' }
  if (end > at) return { refusal: 'not_due' }
  const message = limit === 'deadline' ? 'the deadline is over' : 'waited too long in the queue'
  const error: ErrorFacts = { code: 'expired', message, retryable: false }
  return { task: finish(endRunning(task, 'timed_out', at, error), 'expired', at, error) }
}

/** When the time in the queue is over (epoch ms), for a task that is in it. */
export function queueLimit(
  task: Pick<TaskHead, 'state' | 'queued_at' | 'queue_timeout_ms'>,
): number | undefined {
  if (task.state !== 'queued' || task.queued_at === undefined || task.queue_timeout_ms === undefined)
    return undefined
  return task.queued_at + task.queue_timeout_ms
}

/** CID by which an outcome is known again. Never throws: one outcome must not hold up all that are committed with it. */
export function outcomeCid(outcome: ReportedOutcome): string {
  if (outcome.state === 'succeeded') {
    try {
      const result: Json = JSON.parse(outcome.result)
      return cidOf({ state: outcome.state, result })
    } catch {
      // JSON without a canonical form (half a surrogate pair, deep nesting): as its worker wrote it.
      return cidOf({ state: outcome.state, text: outcome.result })
    }
  }
  const { code, message } = outcome.error
  const facts: JsonObject = { code, message }
  return cidOf({ state: outcome.state, error: facts })
}

function isRepeat(task: TaskHead, command: CommandMap['settle']): boolean {
  const attempt = task.attempts.find(each => each.fence === command.fence)
  if (attempt?.outcome_cid === undefined || attempt.peer_id !== command.peer_id) return false
  return attempt.outcome_cid === outcomeCid(command.outcome)
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
  return task.state === 'queued' ? task : requeue(task, at, backoffMs(task.retry, spent, roll))
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

function finish(task: TaskHead, state: TaskState, at: number, error?: ErrorFacts): TaskHead {
  const { run_at: _, ...rest } = task
  return { ...rest, state, ended_at: at, ...(error === undefined ? {} : { error }) }
}

function endRunning(task: TaskHead, state: AttemptState, at: number, error: ErrorFacts): TaskHead {
  const attempt = task.attempts.at(-1)
  if (task.state !== 'running' || attempt === undefined) return task
  return withAttempt(task, { ...attempt, state, ended_at: at, error })
}

function withAttempt(task: TaskHead, changed: Attempt): TaskHead {
  return { ...task, attempts: task.attempts.map(each => (each.fence === changed.fence ? changed : each)) }
}

/** Forgets the oldest given-back attempts first: those that count must stay countable. */
function keepRecent(attempts: Attempt[]): Attempt[] {
  if (attempts.length <= ATTEMPTS_KEPT) return attempts
  const oldest = attempts.findIndex(each => each.state === 'released')
  return attempts.toSpliced(Math.max(oldest, 0), 1)
}

function outcomeUnknown(message: string): ErrorFacts {
  return { code: 'outcome_unknown', message, retryable: false }
}
