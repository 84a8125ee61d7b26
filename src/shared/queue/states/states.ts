/**
 * The state table of a task: every change that can happen to one is decided here, as a pure function, and
 * every store runs this same function inside its transaction.
 */
import type { ErrorFacts } from '../../errors.ts'
import { ATTEMPTS_KEPT } from '../limits.ts'
import { type Attempt, type TaskHead, type TaskState, TERMINAL_STATES } from '../task.ts'
import { endRunning, finish, withoutRunAt } from './attempt-end.ts'
import type { CommandKind, CommandMap, Refusal } from './commands.ts'
import { isWaiting } from './lane.ts'
import { isRepeat, release, settle } from './settle-rule.ts'
import { update } from './update-rule.ts'

/** The task after the command (its `seq` still to be given by the store), or why nothing changes. */
export type Decision = { task: TaskHead } | { refusal: Refusal }

type Rule<K extends CommandKind> = (task: TaskHead, command: CommandMap[K]) => Decision
type Row = { [K in CommandKind]: Rule<K> }

const refuse = (refusal: Refusal) => (): Decision => ({ refusal })

const TERMINAL: Row = {
  submit: refuse('conflict'),
  lease: refuse('terminal'),
  settle: (task, command) => ({ refusal: isRepeat(task, command) ? 'duplicate' : 'stale_fence' }),
  release: refuse('terminal'),
  cancel: refuse('terminal'),
  due: refuse('terminal'),
  update: refuse('terminal'),
}

const TABLE: Record<TaskState, Row> = {
  scheduled: {
    submit: refuse('conflict'),
    lease: refuse('wrong_state'),
    settle: refuse('stale_fence'),
    release: refuse('stale_fence'),
    cancel,
    due,
    update,
  },
  queued: {
    submit: refuse('conflict'),
    lease,
    settle,
    release: refuse('stale_fence'),
    cancel,
    due,
    update,
  },
  running: {
    submit: refuse('conflict'),
    lease: refuse('wrong_state'),
    settle,
    release,
    cancel,
    due,
    update: refuse('wrong_state'),
  },
  succeeded: TERMINAL,
  failed: TERMINAL,
  cancelled: TERMINAL,
  expired: TERMINAL,
}

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
  if (task.run_at !== undefined && task.run_at > at) return { task: { ...task, state: 'scheduled' } }
  return { task: { ...withoutRunAt(task), state: 'queued', queued_at: at } }
}

function lease(task: TaskHead, { at, peer_id, instance_id }: CommandMap['lease']): Decision {
  if (task.run_at !== undefined && task.run_at > at) return { refusal: 'not_due' }
  const fence = task.fence + 1
  const number = (task.attempts.at(-1)?.number ?? 0) + 1
  const attempt: Attempt = { number, fence, peer_id, instance_id, state: 'running', started_at: at }
  return {
    task: {
      ...withoutRunAt(task),
      state: 'running',
      fence,
      attempts: keepRecent([...task.attempts, attempt]),
    },
  }
}

function cancel(task: TaskHead, { at, reason }: CommandMap['cancel']): Decision {
  const error: ErrorFacts = { code: 'cancelled', message: reason, retryable: false }
  const stopped = endRunning(task, 'cancelled', at, error)
  return { task: { ...finish(stopped, 'cancelled', at, error), fence: task.fence + 1 } }
}

function due(task: TaskHead, { at }: CommandMap['due']): Decision {
  if (task.deadline !== undefined && task.deadline <= at) return expired(task, at, 'the deadline is over')
  const waitEnds = queueLimit(task)
  if (waitEnds !== undefined && waitEnds <= at) return expired(task, at, 'waited too long in the queue')
  const { run_at, ...rest } = task
  if (run_at === undefined || run_at > at) return { refusal: 'not_due' }
  return { task: { ...rest, state: 'queued', queued_at: at } }
}

function expired(task: TaskHead, at: number, message: string): Decision {
  const error: ErrorFacts = { code: 'expired', message, retryable: false }
  return { task: finish(endRunning(task, 'timed_out', at, error), 'expired', at, error) }
}

/** When time will change the task (`due`), epoch ms: the soonest of its start or retry, the end of its time in the
 * queue and its deadline; while it runs its deadline alone. */
export function dueAt(task: TaskHead): number | undefined {
  if (TERMINAL_STATES.has(task.state)) return undefined
  let soonest = queueLimit(task)
  for (const time of [task.run_at, task.deadline]) {
    if (time !== undefined && (soonest === undefined || time < soonest)) soonest = time
  }
  return soonest
}

/** When the time in the queue is over (epoch ms). It goes by only while the task could run. */
function queueLimit(task: TaskHead): number | undefined {
  const { queue_timeout_ms: timeout, queued_at: since } = task
  return timeout === undefined || since === undefined || !isWaiting(task) ? undefined : since + timeout
}

/** Forgets the oldest given-back attempts first: those that count must stay countable. */
function keepRecent(attempts: Attempt[]): Attempt[] {
  if (attempts.length <= ATTEMPTS_KEPT) return attempts
  const oldest = attempts.findIndex(each => each.state === 'released')
  return attempts.toSpliced(Math.max(oldest, 0), 1)
}
