import type { Clock } from '../clock.ts'
import { ToolmeshError } from '../errors.ts'
import {
  type CachedValue,
  type CacheLimits,
  type CacheStats,
  type CacheStore,
  checkNames,
  DEFAULT_CACHE_LIMITS,
  type NewEntry,
  newEntry,
} from './cache-store.ts'

interface Entry extends NewEntry {
  namespace: string
}

/** A cache in memory. */
export class MemoryCacheStore implements CacheStore {
  readonly #clock: Pick<Clock, 'now'>
  readonly #limits: CacheLimits
  /** The least recently used first. */
  readonly #entries = new Map<string, Entry>()
  #bytes = 0
  #hits = 0
  #misses = 0
  #evictions = 0
  #closed = false

  constructor({ clock, limits }: { clock: Pick<Clock, 'now'>; limits?: Partial<CacheLimits> }) {
    this.#clock = clock
    this.#limits = { ...DEFAULT_CACHE_LIMITS, ...limits }
  }

  async get(namespace: string, key: string): Promise<CachedValue | undefined> {
    const name = this.#nameOf(namespace, key)
    const entry = this.#find(name)
    if (entry === undefined) {
      this.#misses += 1
      return undefined
    }
    this.#hits += 1
    this.#entries.delete(name)
    this.#entries.set(name, entry)
    return { value: entry.value, expires_at: entry.expires_at }
  }

  async has(namespace: string, key: string): Promise<boolean> {
    return this.#find(this.#nameOf(namespace, key)) !== undefined
  }

  async set(namespace: string, key: string, value: string, ttlMs?: number): Promise<number> {
    const name = this.#nameOf(namespace, key)
    const entry = newEntry(value, ttlMs, this.#limits, this.#clock.now())
    this.#delete(name)
    this.#entries.set(name, { ...entry, namespace })
    this.#bytes += entry.size
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#limits.entries && this.#bytes <= this.#limits.bytes) break
      this.#delete(oldest)
      this.#evictions += 1
    }
    return entry.expires_at
  }

  async delete(namespace: string, key: string): Promise<boolean> {
    const name = this.#nameOf(namespace, key)
    const isThere = this.#find(name) !== undefined
    this.#delete(name)
    return isThere
  }

  async clear(namespace: string): Promise<number> {
    this.#nameOf(namespace, '-')
    const names = [...this.#entries].filter(([, entry]) => entry.namespace === namespace)
    for (const [name] of names) this.#delete(name)
    return names.length
  }

  async stats(): Promise<CacheStats> {
    this.#ensureOpen()
    return {
      entries: this.#entries.size,
      bytes: this.#bytes,
      hits: this.#hits,
      misses: this.#misses,
      evictions: this.#evictions,
      limits: this.#limits,
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#entries.clear()
  }

  #nameOf(namespace: string, key: string): string {
    this.#ensureOpen()
    checkNames(namespace, key)
    return JSON.stringify([namespace, key])
  }

  #find(name: string): Entry | undefined {
    const entry = this.#entries.get(name)
    if (entry === undefined || entry.expires_at > this.#clock.now()) return entry
    this.#delete(name)
    return undefined
  }

  #delete(name: string): void {
    const entry = this.#entries.get(name)
    if (entry === undefined) return
    this.#entries.delete(name)
    this.#bytes -= entry.size
  }

  #ensureOpen(): void {
    if (this.#closed) throw new ToolmeshError('unavailable', 'the cache is closed')
  }
}
