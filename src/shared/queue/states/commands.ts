import type { ErrorFacts } from '../../errors.ts'
import type { JsonObject } from '../../tools/tool.ts'
import type { RetryPolicy, TaskHead, TaskState } from '../task.ts'

/** A JSON document as text: bodies stay text between the queue and its store, which never looks inside. */
export type JsonText = string

/** A body that is kept beside the store, in its blobs. `size` in bytes. */
export interface BlobRef {
  blob: string
  size: number
}

/** Params or a result: as text where it is small, else by reference: see `Bodies`. */
export type Body = JsonText | BlobRef

/** How an attempt ended, its result as text or by reference. */
export type ReportedOutcome =
  | { state: 'succeeded'; result: Body }
  | { state: 'failed' | 'cancelled'; error: ErrorFacts }

/** The owner's fence of the workflow that a task is a step of. */
export interface WorkflowGuard {
  workflow_id: string
  fence: number
}

/** `at` is epoch milliseconds; `roll` is uniform in [0, 1) and jitters the backoff. */
export interface CommandMap {
  /** A new task; `scheduled` when its `run_at` lies ahead, else `queued`. */
  submit: {
    kind: 'submit'
    task_id: string
    at: number
    task: TaskHead
    params: Body
    /** Refused as `stale_fence` by the store unless this is the workflow's fence, whatever else holds of it. */
    guard?: WorkflowGuard
  }
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
    /** The attempt's last log lines: a JSON array of AttemptLogLine. */
    logs?: JsonText
  }
  /** The owner ends a lease: it was lost, it overran, or it was given back before anything ran. */
  release: {
    kind: 'release'
    task_id: string
    at: number
    roll: number
    fence: number
    cause: 'lost' | 'timed_out' | 'given_back'
    /** The attempt's last log lines, as far as they were heard. */
    logs?: JsonText
  }
  cancel: { kind: 'cancel'; task_id: string; at: number; reason: string }
  /** A time of the task has come (see `dueAt`): its start, its retry, the end of its time in the queue, its deadline. */
  due: { kind: 'due'; task_id: string; at: number }
  /** Changes what a task that never ran asks for; its priority also between attempts. */
  update: { kind: 'update'; task_id: string; at: number; changes: TaskChanges }
}

/** What `update` may change; `null` takes a limit away. Durations in milliseconds, times in epoch milliseconds. */
export interface TaskChanges {
  priority?: number
  labels?: Record<string, string>
  metadata?: JsonObject
  queue_timeout_ms?: number | null
  attempt_timeout_ms?: number
  deadline?: number | null
  retry?: RetryPolicy
  run_at?: number
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
  /** The task's number in its store: 1, 2, … as they were made. Its place in a lane is by this number. */
  order: number
  /** The lane in which it waits now and did not before the command. */
  lane?: string
  /** The lane in which it waited before the command, and waits no more. */
  left?: string
  /** Since when it waits, epoch milliseconds; absent while it never did. */
  queued_at?: number
  /** When time will change it next, epoch milliseconds: see `dueAt`. */
  due_at?: number
  /** Only in the reply to a lease. */
  granted?: { params: Body; attempt: number; attempt_timeout_ms: number; deadline?: number }
}

export interface Refused {
  changed: false
  task_id: string
  refusal: Refusal
  /** State of the task named by `task_id` (for a duplicate submit: the task that has the key). */
  state?: TaskState
}

export type Reply = Changed | Refused
