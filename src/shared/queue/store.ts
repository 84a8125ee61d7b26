import type { Command, Reply } from './commands.ts'
import type { Task, TaskHead, TaskState } from './task.ts'

/** Which tasks to list, in the order in which they were made. */
export interface TaskFilter {
  states?: TaskState[]
  tool?: string
  principal?: string
  /** `next_cursor` of the page before; opaque. */
  cursor?: string
  /** 1 or more. */
  limit: number
  order: 'newest' | 'oldest'
}

export interface TaskPage {
  tasks: TaskHead[]
  next_cursor?: string
}

/**
 * Where tasks live. Each driver runs `queue-store.compliance.ts`.
 *
 * A driver decides every command by `decide` (states.ts) on the task's latest state and adds what needs the
 * whole store: a submit whose (principal, idempotency_key) is taken is refused, as `duplicate` when the
 * request_cid is equal, else as `conflict`, with the id and state of the task that has the key.
 */
export interface QueueStore {
  /** Why nothing works until the store is opened anew, for a person; undefined while it is open and well. */
  readonly failure: string | undefined
  /**
   * Runs the commands in order, as one transaction; later ones see what earlier ones did. Resolves, with a reply for
   * each, when all of it is durable; rejects with `unavailable` when none of it was kept. `seq` grows by one with
   * each change, over the whole store. Calls may overlap and are committed in the order of the calls.
   */
  apply(commands: readonly Command[]): Promise<Reply[]>
  get(taskId: string): Promise<Task | undefined>
  /** Throws `invalid_input` for a cursor that is none. */
  list(filter: TaskFilter): Promise<TaskPage>
  counts(): Promise<Record<TaskState, number>>
  /** Every task that has not ended, oldest first, in pages: read once at start. */
  live(): AsyncIterable<TaskHead[]>
  /** Forgets at most `max` tasks that ended before `endedBefore` (epoch ms), the oldest first; how many went. */
  prune(endedBefore: number, max: number): Promise<number>
  /** Lets what was accepted become durable, then frees everything. Further calls reject with `unavailable`. */
  close(): Promise<void>
}
