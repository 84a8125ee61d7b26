import { dirname, join } from 'node:path'
import { type CacheLimits, type CacheStore, DEFAULT_CACHE_LIMITS } from '../../shared/cache/cache-store.ts'
import { type Clock, systemClock } from '../../shared/clock.ts'
import type { QueueStore } from '../../shared/queue/store/store.ts'
import type { WorkflowStore } from '../../shared/workflow/store/store.ts'
import { SqliteCacheStore } from './cache/sqlite-cache-store.ts'
import type { QueueFileOptions } from './queue/queue-file.ts'
import { SqliteQueueStore } from './queue/sqlite-queue-store.ts'
import { StoreThread } from './queue/store-thread.ts'
import { SqliteWorkflowStore } from './workflow/sqlite-workflow-store.ts'

export interface SqliteStoresOptions extends Pick<QueueFileOptions, 'path'> {
  synchronous?: QueueFileOptions['synchronous']
  /** By which engines of workflows live and entries of the cache end. Default: the platform's. */
  clock?: Pick<Clock, 'now' | 'monotonic'>
  cacheLimits?: Partial<CacheLimits>
}

export interface SqliteStores {
  /** Closing it closes all of them. */
  tasks: QueueStore
  workflows: WorkflowStore
  cache: CacheStore
}

/**
 * Opens the tasks and workflows of a node in one SQLite file, and its cache in `cache.db` beside it, in one thread.
 * `synchronous` defaults to `full`. Rejects with `conflict` when another process has it open or when it is not this
 * version's to read, else `unavailable`.
 */
export async function openSqliteStores({
  path,
  synchronous = 'full',
  clock = systemClock,
  cacheLimits,
}: SqliteStoresOptions): Promise<SqliteStores> {
  const limits = { ...DEFAULT_CACHE_LIMITS, ...cacheLimits }
  const cache = { path: join(dirname(path), 'cache.db'), limits }
  const thread = await StoreThread.open({ path, synchronous, cache })
  return {
    tasks: new SqliteQueueStore(thread),
    workflows: new SqliteWorkflowStore(thread, clock),
    cache: new SqliteCacheStore(thread, clock, limits),
  }
}
