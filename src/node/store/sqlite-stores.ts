import { type Clock, systemClock } from '../../shared/clock.ts'
import type { QueueStore } from '../../shared/queue/store/store.ts'
import type { WorkflowStore } from '../../shared/workflow/store/store.ts'
import type { QueueFileOptions } from './queue/queue-file.ts'
import { SqliteQueueStore } from './queue/sqlite-queue-store.ts'
import { StoreThread } from './queue/store-thread.ts'
import { SqliteWorkflowStore } from './workflow/sqlite-workflow-store.ts'

export interface SqliteStores {
  /** Closing it closes the file. */
  tasks: QueueStore
  workflows: WorkflowStore
}

/**
 * Opens the tasks and workflows of a node in one SQLite file, in a thread of its own. `synchronous` defaults to `full`,
 * `clock` (by which engines of workflows live) to the platform's. Rejects with `conflict` when another process has it
 * open or when it is not this version's to read, else `unavailable`.
 */
export async function openSqliteStores({
  clock = systemClock,
  ...options
}: Pick<QueueFileOptions, 'path'> &
  Partial<QueueFileOptions> & { clock?: Pick<Clock, 'monotonic'> }): Promise<SqliteStores> {
  const thread = await StoreThread.open(options)
  return { tasks: new SqliteQueueStore(thread), workflows: new SqliteWorkflowStore(thread, clock) }
}
