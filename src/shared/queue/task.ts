import type { ErrorFacts } from '../errors.ts'
import type { Json, JsonObject, LogLine, Progress, Repeat } from '../tools/tool.ts'

export type TaskState = 'scheduled' | 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'expired'

/** `at_least_once` repeats what is safe to repeat; `always` repeats even a `once` tool after a lost lease. */
export interface RetryPolicy {
  /** Attempts in all, 1 to 100. */
  max_attempts: number
  /** First delay; it doubles each time up to `max_delay_ms`, with full jitter. */
  base_delay_ms: number
  max_delay_ms: number
  always: boolean
}

/** At most `limit` (1 to 10,000) tasks of the same principal and `key` run at once. */
export interface ConcurrencyKey {
  key: string
  limit: number
}

/** At most `limit` (1 to 10,000) tasks of the same principal and `key` start within any `per_ms` (100 ms to a day). */
export interface RateKey {
  key: string
  limit: number
  per_ms: number
}

/** What a submitter asks for; parsed and defaulted by the queue. Durations in ms, times ISO 8601. */
export interface TaskRequest {
  tool: string
  params: JsonObject
  /** 1 to 10, 10 first. */
  priority?: number
  /** Labels that the running peer must have, as `kind:tab`. */
  requires?: string[]
  /** Peer id that must run it. */
  target?: string
  /** Run also where the tool's code_cid differs. */
  any_build?: boolean
  idempotency_key?: string
  delay_ms?: number
  /** Not to run before; not beside `delay_ms`. */
  start_at?: string
  concurrency?: ConcurrencyKey
  rate?: RateKey
  queue_timeout_ms?: number
  attempt_timeout_ms?: number
  deadline?: string
  retry?: Partial<RetryPolicy>
  labels?: Record<string, string>
  metadata?: JsonObject
}

export type AttemptState =
  | 'running'
  | 'succeeded'
  | 'failed'
  | 'lost'
  | 'released'
  | 'cancelled'
  | 'timed_out'

/** One log line of an attempt, as it is kept: at most 100 lines of 1,000 characters, the newest. */
export interface AttemptLogLine {
  /** Epoch milliseconds. */
  at: number
  level: LogLine['level']
  message: string
  data?: Json
}

/** One try at a task, times in epoch milliseconds. */
export interface Attempt {
  number: number
  fence: number
  peer_id: string
  instance_id: string
  state: AttemptState
  started_at: number
  ended_at?: number
  error?: ErrorFacts
  /** Of the outcome that was accepted from this attempt: by which a repeat of it is known. */
  outcome_mark?: string
  /** Its last log lines; only where a task is read whole. */
  logs?: AttemptLogLine[]
}

/** A task as it is read whole. Times in epoch milliseconds. */
export interface Task {
  task_id: string
  seq: number
  state: TaskState
  principal: string
  tool: string
  code_cid: string
  repeat: Repeat
  params: JsonObject
  priority: number
  requires: string[]
  target?: string
  any_build: boolean
  idempotency_key?: string
  /** CID of `{tool, params, requires, target}`, only with an idempotency key: what a repeat of it must equal. */
  request_cid?: string
  run_at?: number
  queue_timeout_ms?: number
  attempt_timeout_ms: number
  deadline?: number
  retry: RetryPolicy
  labels: Record<string, string>
  metadata: JsonObject
  concurrency?: ConcurrencyKey
  rate?: RateKey
  /** The ended task that this one repeats. */
  resubmitted_from?: string
  created_at: number
  /** When it last came to wait for a worker. */
  queued_at?: number
  ended_at?: number
  /** Grows by one when a lease is granted and when the task is cancelled; 0 before the first lease. */
  fence: number
  attempts: Attempt[]
  result?: Json
  error?: ErrorFacts
}

/** A task without its bodies: what the state table works on and what lists show. */
export type TaskHead = Omit<Task, 'params' | 'result'>

export const TERMINAL_STATES: ReadonlySet<TaskState> = new Set<TaskState>([
  'succeeded',
  'failed',
  'cancelled',
  'expired',
])

export const TASK_STATES = [
  'scheduled',
  'queued',
  'running',
  'succeeded',
  'failed',
  'cancelled',
  'expired',
] as const satisfies readonly TaskState[]

/** What became of one attempt, as its runner reports it, with its last log lines where it wrote any. */
export type Outcome =
  | { state: 'succeeded'; result: Json; logs?: AttemptLogLine[] }
  | { state: 'failed' | 'cancelled'; error: ErrorFacts; logs?: AttemptLogLine[] }

/** One change of a task, in the order of the store's `seq`. */
export interface TaskEvent {
  task_id: string
  seq: number
  state: TaskState
  /** Epoch milliseconds. */
  at: number
  peer_id?: string
  fence: number
  tool: string
  principal: string
}

/** Hooks through which a running attempt speaks. */
export interface AttemptHooks {
  onProgress?: (progress: Progress) => void
  onLog?: (line: LogLine) => void
}
