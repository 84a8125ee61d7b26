import type { Json } from '../../tools/tool.ts'
import type { BlobReferences } from '../bodies/blob-references.ts'
import type { Body, Command, JsonText, Reply } from '../states/commands.ts'
import type { TaskEvent, TaskHead, TaskState } from '../task.ts'

/** Which tasks to list; what is absent does not matter. */
export interface TaskFilter {
  states?: TaskState[]
  tool?: string
  principal?: string
  /** All of them must match. */
  labels?: Record<string, string>
  /** Made at or after this time, epoch milliseconds. */
  created_from?: number
  /** Made before this time, epoch milliseconds. */
  created_until?: number
  /** By what the order goes; `ended` lists only tasks that have ended. Default `created`. */
  sort?: 'created' | 'ended'
  order: 'newest' | 'oldest'
  /** `next_cursor` of a page with the same filter, sort and order; opaque. */
  cursor?: string
  /** 1 or more. */
  limit: number
}

/** There is more while there is a `next_cursor`, also when a page has fewer tasks than `limit`. */
export interface TaskPage {
  tasks: TaskHead[]
  next_cursor?: string
}

/** A task with its bodies as the store keeps them. */
export interface StoredTask {
  head: TaskHead
  params: Body
  result?: Body
  /** Log lines of its attempts (each a JSON array of AttemptLogLine), by fence ascending. */
  logs: { fence: number; lines: JsonText }[]
}

/** A task without its params. */
export interface TaskResultRow {
  head: TaskHead
  result?: Body
}

/** Characters of results beyond which an answer to `results` ends: it is one message between threads. */
export const RESULTS_CHARS = 8 * 1024 * 1024

/** A task that stands in its lane. */
export interface WaitingTask {
  task_id: string
  order: number
  /** Since when it waits, epoch milliseconds. */
  queued_at: number
}

/** A task by its idempotency key. */
export interface KeyedTask {
  key: string
  task_id: string
}

/** A task that time will change. */
export interface DueTask {
  task_id: string
  /** Epoch milliseconds. */
  due_at: number
  order: number
}

export interface EventPage {
  /** In the order of `seq`. */
  events: TaskEvent[]
  /** `seq` of the oldest change that is kept, `last + 1` when none is: who asks from before it has missed some. */
  oldest: number
  /** The latest `seq`. */
  last: number
}

/**
 * Where tasks live. Each driver runs `queue-store.compliance.ts`.
 *
 * A driver decides every command by `decide` (states.ts) on the task's latest state and adds what needs the
 * whole store: a submit whose (principal, idempotency_key) is taken is refused, as `duplicate` when the
 * request_cid is equal, else as `conflict`, with the id and state of the task that has the key.
 *
 * Answers come in the order of the calls: a read that was asked after an `apply` sees it. No call costs more because
 * many tasks wait or have ended.
 */
export interface QueueStore extends BlobReferences {
  /** Why nothing works until the store is opened anew, for a person; undefined while it is open and well. */
  readonly failure: string | undefined
  /**
   * Runs the commands in order, as one transaction; later ones see what earlier ones did. Resolves, with a reply for
   * each, when all of it is durable; rejects with `unavailable` when none of it was kept. `seq` grows by one with
   * each change, over the whole store. Calls may overlap and are committed in the order of the calls.
   */
  apply(commands: readonly Command[]): Promise<Reply[]>
  get(taskId: string): Promise<StoredTask | undefined>
  head(taskId: string): Promise<TaskHead | undefined>
  /** A task without its params. */
  result(taskId: string): Promise<TaskResultRow | undefined>
  /**
   * Tasks without their params, in the order of the ids; undefined for each that is not there. Answers as many of the
   * first ones as a message should carry (RESULTS_CHARS), at least one.
   */
  results(taskIds: readonly string[]): Promise<(TaskResultRow | undefined)[]>
  /**
   * Looks at a bounded number of tasks. What comes and goes between pages shifts no other task. Throws `invalid_input`
   * for a cursor that is none.
   */
  list(filter: TaskFilter): Promise<TaskPage>
  counts(): Promise<Record<TaskState, number>>
  /** The lanes in which tasks wait: read once at start. */
  lanes(): Promise<{ lane: string; waiting: number }[]>
  /** Tasks that wait in a lane, ascending by order, those behind `after` (0: from the first), at most `limit`. */
  waiting(lane: string, after: number, limit: number): Promise<WaitingTask[]>
  /** Tasks that time will change, ascending by (due_at, order), those behind `after`, at most `limit`. */
  due(after: Pick<DueTask, 'due_at' | 'order'> | undefined, limit: number): Promise<DueTask[]>
  /**
   * Tasks of the principal that have not ended and whose idempotency key begins with `prefix` (all of it ASCII),
   * ascending by key, those behind `after`, at most `limit`.
   */
  openByKey(principal: string, prefix: string, after: string, limit: number): Promise<KeyedTask[]>
  /** Every running task, in pages, oldest first: read once at start. */
  running(): AsyncIterable<TaskHead[]>
  /** At most `limit` changes with a `seq` behind `after` (0: from the oldest kept). */
  events(after: number, limit: number): Promise<EventPage>
  /** Small documents that the queue keeps beside its tasks, by key. */
  records(): Promise<{ key: string; value: Json }[]>
  /** Resolves when it is durable; `undefined` deletes. */
  putRecord(key: string, value: Json | undefined): Promise<void>
  /**
   * Forgets at most `max` tasks that ended before `endedBefore` (epoch ms), the oldest first, and changes that were
   * made before it. `blobs`: what nothing refers to any more.
   */
  prune(endedBefore: number, max: number): Promise<{ tasks: number; blobs: string[] }>
  /** A small durable write; rejects with `unavailable` while nothing can be written. */
  check(): Promise<void>
  /** Lets what was accepted become durable, then frees everything. Further calls reject with `unavailable`. */
  close(): Promise<void>
}
