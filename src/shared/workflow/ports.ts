import type { ErrorFacts } from '../errors.ts'
import type { SubmitReceipt } from '../queue/requests/submission.ts'
import type { Body, WorkflowGuard } from '../queue/states/commands.ts'
import type { TaskRequest, TaskState } from '../queue/task.ts'
import type { Json } from '../tools/tool.ts'

/** A task of a step. `key` is its idempotency key: workflow_id/generation/step/item; `guard` is refused by the store when it is old. */
export interface StepTask {
  principal: string
  request: TaskRequest
  key: string
  guard: WorkflowGuard
}

/** How a step's task ended: its result as the store keeps it. */
export interface TaskEnd {
  task_id: string
  state: TaskState
  /** Peer that ran the last attempt. */
  peer_id?: string
  result?: Body
  error?: ErrorFacts
  started_at?: number
  ended_at?: number
}

/** The queue as an engine needs it. */
export interface TaskPort {
  /**
   * A receipt for each; an error with `stale_fence` where the guard is old. Rejects with `queue_full` or `unavailable`
   * when none was taken.
   */
  submit(tasks: readonly StepTask[]): Promise<SubmitReceipt[]>
  /** How they stand; those that are not there (any more) are left out. */
  ends(taskIds: readonly string[]): Promise<TaskEnd[]>
  /** Does nothing for one that has ended. */
  cancel(taskId: string, reason: string): Promise<void>
  /** Calls `listener` after each committed end of a task; the returned function ends it. */
  onEnded(listener: (taskId: string) => void): () => void
}

/** Evaluates JSONata on plain JSON, away from whatever must not stall. Rejects with `invalid_input` or `timed_out`. */
export type Evaluate = (expression: string, data: Json, signal: AbortSignal) => Promise<Json>

/** Results of pure tools, by what they were made from. */
export interface ResultCache {
  /** @param key interface CID, code CID and input CID of a call */
  get(key: string): Promise<Body | undefined>
  set(key: string, result: Body): Promise<void>
}
