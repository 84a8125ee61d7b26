import type { ErrorFacts } from '../errors.ts'
import type { TaskHead, TaskState } from './task.ts'

/** A JSON document as text: bodies stay text between the queue and its store, which never looks inside. */
export type JsonText = string

/** How an attempt ended, its result as text. */
export type ReportedOutcome =
  | { state: 'succeeded'; result: JsonText }
  | { state: 'failed' | 'cancelled'; error: ErrorFacts }

/** `at` is epoch milliseconds; `roll` is uniform in [0, 1) and jitters the backoff. */
export interface CommandMap {
  /** A new task; `scheduled` when its `run_at` lies ahead, else `queued`. */
  submit: { kind: 'submit'; task_id: string; at: number; task: TaskHead; params: JsonText }
  /** A scheduled task's `run_at` has come. */
  promote: { kind: 'promote'; task_id: string; at: number }
  /** Grants the next attempt to one instance of a peer. */
  lease: { kind: 'lease'; task_id: string; at: number; peer_id: string; instance_id: string }
  /** An attempt's outcome, whoever brings it. */
  settle: {
    kind: 'settle'
    task_id: string
    at: number
    roll: number
    fence: number
    peer_id: string
    instance_id: string
    outcome: ReportedOutcome
  }
  /** The owner ends a lease: it was lost, it overran, or it was given back before anything ran. */
  release: {
    kind: 'release'
    task_id: string
    at: number
    roll: number
    fence: number
    cause: 'lost' | 'timed_out' | 'given_back'
  }
  cancel: { kind: 'cancel'; task_id: string; at: number; reason: string }
  /** A time limit of the task is over. */
  expire: { kind: 'expire'; task_id: string; at: number; limit: 'queue_timeout' | 'deadline' }
}

export type CommandKind = keyof CommandMap
export type Command = CommandMap[CommandKind]

/**
 * Why a command changed nothing.
 * - `duplicate`: of a submit, the idempotency key is taken by an equal request; of a settle, the same outcome again;
 * - `conflict`: the idempotency key (or the task id) is taken by another request.
 */
export type Refusal =
  | 'not_found'
  | 'terminal'
  | 'wrong_state'
  | 'not_due'
  | 'stale_fence'
  | 'duplicate'
  | 'conflict'

/** A committed change. */
export interface Changed {
  changed: true
  task_id: string
  seq: number
  state: TaskState
  fence: number
  /** Epoch milliseconds. */
  at: number
  tool: string
  principal: string
  /** Peer of the latest attempt. */
  peer_id?: string
  /** Epoch milliseconds before which the task must not run. */
  run_at?: number
  /** Only in the reply to a lease. */
  granted?: { params: JsonText; attempt: number; attempt_timeout_ms: number; deadline?: number }
}

export interface Refused {
  changed: false
  task_id: string
  refusal: Refusal
  /** State of the task named by `task_id` (for a duplicate submit: the task that has the key). */
  state?: TaskState
}

export type Reply = Changed | Refused

/** The reply to a command that made `task` of its task. */
export function changedReply(command: Command, task: TaskHead, params: JsonText | undefined): Changed {
  const last = task.attempts.at(-1)
  const reply: Changed = {
    changed: true,
    task_id: task.task_id,
    seq: task.seq,
    state: task.state,
    fence: task.fence,
    at: command.at,
    tool: task.tool,
    principal: task.principal,
  }
  if (last !== undefined) reply.peer_id = last.peer_id
  if (task.run_at !== undefined) reply.run_at = task.run_at
  if (command.kind === 'lease' && last !== undefined && params !== undefined) {
    reply.granted = { params, attempt: last.number, attempt_timeout_ms: task.attempt_timeout_ms }
    if (task.deadline !== undefined) reply.granted.deadline = task.deadline
  }
  return reply
}
