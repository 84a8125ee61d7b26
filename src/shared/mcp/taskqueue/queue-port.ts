import type { ErrorFacts } from '../../errors.ts'
import type { Pause } from '../../queue/pause.ts'
import type { EventPage } from '../../queue/store.ts'
import type {
  AttemptLogLine,
  RetryPolicy,
  Task,
  TaskEvent,
  TaskHead,
  TaskRequest,
  TaskState,
} from '../../queue/task.ts'
import type { Json, JsonObject, Progress } from '../../tools/tool.ts'

/** What became of one request. */
export type Receipt = { task_id: string; state: TaskState; deduplicated: boolean } | { error: ErrorFacts }

/** Which tasks to list; times in epoch milliseconds. */
export interface TaskListRequest {
  state?: TaskState[]
  tool?: string
  principal?: string
  /** All of them must match. */
  labels?: Record<string, string>
  created_from?: number
  created_until?: number
  /** `ended` lists only tasks that have ended. */
  sort?: 'created' | 'ended'
  order?: 'newest' | 'oldest'
  cursor?: string
  limit?: number
}

/** What may change in a task that has not started; `null` takes a limit away. */
export interface TaskUpdate {
  labels?: Record<string, string>
  metadata?: JsonObject
  priority?: number
  queue_timeout_ms?: number | null
  attempt_timeout_ms?: number
  deadline?: string | null
  retry?: Partial<RetryPolicy>
  start_at?: string
  delay_ms?: number
}

/** What is paused: everything, a category of tools, or one tool. */
export interface PauseFilter {
  tool?: string
  category?: string
}

/** `since` in epoch milliseconds. */
export type PauseInForce = Pause & { since: number }

/** A task as `result` reads it: without its params. */
export interface TaskResult {
  task_id: string
  state: TaskState
  principal: string
  result?: Json
  error?: ErrorFacts
}

/** What the tools and resources of tasks need of the queue. */
export interface QueuePort {
  submit(principal: string, requests: TaskRequest[]): Promise<Receipt[]>
  get(taskId: string): Promise<Task>
  head(taskId: string): Promise<TaskHead>
  /** With the log lines of its attempts. */
  withLogs(taskId: string): Promise<TaskHead>
  result(taskId: string, options: { wait_ms?: number; signal?: AbortSignal }): Promise<TaskResult>
  list(request: TaskListRequest): Promise<{ tasks: TaskHead[]; next_cursor?: string }>
  cancel(taskId: string, reason: string): Promise<TaskHead>
  update(taskId: string, changes: TaskUpdate): Promise<TaskHead>
  /** A new task that repeats an ended one, with these changes. */
  resubmit(principal: string, taskId: string, changes: Partial<TaskRequest>): Promise<Receipt>
  pause(filter: PauseFilter): Promise<void>
  resume(filter: PauseFilter): Promise<void>
  pauses(): readonly PauseInForce[]
  status(): Promise<{
    counts: Record<TaskState, number>
    ready: number
    waiting_for: { tool: string; tasks: number; missing: string }[]
    state: 'ready' | 'draining' | 'degraded'
    failure?: string
  }>
  progressOf(taskId: string): Progress | undefined
  /** Log lines of the attempt that runs now. */
  logsOf(taskId: string): readonly AttemptLogLine[]
  /** What a queued task waits for beside a free worker; undefined when that is all. */
  missingFor(task: TaskHead): string | undefined
  events(after: number, limit: number): Promise<EventPage>
  onChange(listener: (event: TaskEvent) => void): () => void
}
