import type { SubmitReceipt } from '../queue/requests/submission.ts'
import type { Body } from '../queue/states/commands.ts'
import type { EndListener, StepTask, TaskEnd } from '../queue/step-tasks.ts'
import type { Json } from '../tools/tool.ts'

/** The queue as an engine needs it. */
export interface TaskPort {
  /**
   * A receipt for each; an error with `stale_fence` where the guard is old. Rejects with `queue_full` or `unavailable`
   * when none was taken.
   */
  submit(tasks: readonly StepTask[]): Promise<SubmitReceipt[]>
  /** How they stand; those that are not there (any more) are left out. */
  ends(taskIds: readonly string[]): Promise<TaskEnd[]>
  /** Those of the principal that have not ended and whose key begins with `prefix`: ids by their keys. */
  open(principal: string, prefix: string): Promise<Map<string, string>>
  /** Does nothing for one that has ended. */
  cancel(taskId: string, reason: string): Promise<void>
  /** Calls `listener` after each committed end of a task (with it where it succeeded, so that it need not be read); the returned function ends it. */
  onEnded(listener: EndListener): () => void
}

/** Evaluates JSONata on plain JSON, away from whatever must not stall. Rejects with `invalid_input` or `timed_out`. */
export type Evaluate = (expression: string, data: Json, signal: AbortSignal) => Promise<Json>

/** Results of pure tools, by what they were made from. */
export interface ResultCache {
  /** @param key interface CID, code CID and input CID of a call */
  get(key: string): Promise<Body | undefined>
  set(key: string, result: Body): Promise<void>
}

export type { StepTask, TaskEnd }
