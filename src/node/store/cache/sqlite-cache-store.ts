import {
  type CachedValue,
  type CacheLimits,
  type CacheStats,
  type CacheStore,
  checkNames,
  newEntry,
} from '../../../shared/cache/cache-store.ts'
import type { Clock } from '../../../shared/clock.ts'
import { ToolmeshError } from '../../../shared/errors.ts'
import type { StoreThread } from '../queue/store-thread.ts'

/** A cache in a file of its own, in the thread of the stores. It ends with that. */
export class SqliteCacheStore implements CacheStore {
  readonly #thread: Pick<StoreThread, 'callCache'>
  readonly #clock: Pick<Clock, 'now'>
  readonly #limits: CacheLimits
  #closed = false

  constructor(thread: Pick<StoreThread, 'callCache'>, clock: Pick<Clock, 'now'>, limits: CacheLimits) {
    this.#thread = thread
    this.#clock = clock
    this.#limits = limits
  }

  async get(namespace: string, key: string): Promise<CachedValue | undefined> {
    this.#check(namespace, key)
    return this.#thread.callCache('get', namespace, key, this.#clock.now())
  }

  async has(namespace: string, key: string): Promise<boolean> {
    this.#check(namespace, key)
    return this.#thread.callCache('has', namespace, key, this.#clock.now())
  }

  async set(namespace: string, key: string, value: string, ttlMs?: number): Promise<number> {
    this.#check(namespace, key)
    const now = this.#clock.now()
    const entry = newEntry(value, ttlMs, this.#limits, now)
    await this.#thread.callCache('set', namespace, key, entry, now)
    return entry.expires_at
  }

  async delete(namespace: string, key: string): Promise<boolean> {
    this.#check(namespace, key)
    return this.#thread.callCache('delete', namespace, key, this.#clock.now())
  }

  async clear(namespace: string): Promise<number> {
    this.#check(namespace, '-')
    return this.#thread.callCache('clear', namespace)
  }

  async stats(): Promise<CacheStats> {
    this.#check('-', '-')
    return this.#thread.callCache('stats')
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #check(namespace: string, key: string): void {
    if (this.#closed) throw new ToolmeshError('unavailable', 'the cache is closed')
    checkNames(namespace, key)
  }
}
