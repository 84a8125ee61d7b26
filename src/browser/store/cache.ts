import {
  type CachedValue,
  type CacheLimits,
  type CacheStats,
  type CacheStore,
  checkNames,
  newEntry,
} from '../../shared/cache/cache-store.ts'
import type { Clock } from '../../shared/clock.ts'
import { ToolmeshError } from '../../shared/errors.ts'
import { CacheTransaction, type Entry, openCacheDatabase } from './cache-database.ts'

/** Of a tab: a browser gives a site little room, and a phone little memory. */
export const TAB_CACHE_LIMITS: CacheLimits = {
  entries: 10_000,
  bytes: 32 * 1024 * 1024,
  entryBytes: 1024 * 1024,
  ttlMs: 7 * 24 * 60 * 60 * 1000,
}

/** Uses that are remembered before they are written: entries that are read again and again cost no writes. */
const USES = 100
/** Entries whose time is over that one `set` deletes at most. */
const EXPIRED_AT_ONCE = 20

interface Opened {
  db: IDBDatabase
  entries: number
  bytes: number
  /** Of the latest use. */
  used: number
  evictions: number
}

/**
 * The cache of one identity slot, which one tab has at a time. The database is opened when it is asked for first, and
 * again when the browser has closed it.
 */
export class IndexedDbCacheStore implements CacheStore {
  readonly #slot: number
  readonly #clock: Pick<Clock, 'now'>
  readonly #limits: CacheLimits
  #opening: Promise<Opened> | undefined
  /** Used since the last change, the latest last, by name. */
  readonly #uses = new Map<string, Entry>()
  #writing: Promise<unknown> = Promise.resolve()
  #hits = 0
  #misses = 0
  #closed = false

  constructor(slot: number, clock: Pick<Clock, 'now'>, limits: CacheLimits = TAB_CACHE_LIMITS) {
    this.#slot = slot
    this.#clock = clock
    this.#limits = limits
  }

  async get(namespace: string, key: string): Promise<CachedValue | undefined> {
    this.#check(namespace, key)
    const [entry, value] = await this.#read(async at => [
      this.#living(await at.entry(namespace, key)),
      await at.value(namespace, key),
    ])
    if (entry === undefined || value === undefined) {
      this.#misses += 1
      return undefined
    }
    this.#hits += 1
    await this.#use(entry)
    return { value, expires_at: entry.expires_at }
  }

  async has(namespace: string, key: string): Promise<boolean> {
    this.#check(namespace, key)
    return this.#read(async at => this.#living(await at.entry(namespace, key)) !== undefined)
  }

  async set(namespace: string, key: string, value: string, ttlMs?: number): Promise<number> {
    this.#check(namespace, key)
    const now = this.#clock.now()
    const entry = newEntry(value, ttlMs, this.#limits, now)
    await this.#write(async (at, opened) => {
      drop(at, opened, await at.entry(namespace, key))
      for (const each of await at.expired(now, EXPIRED_AT_ONCE)) drop(at, opened, each)
      opened.used += 1
      at.put(namespace, key, entry, opened.used)
      opened.entries += 1
      opened.bytes += entry.size
      while (opened.entries > this.#limits.entries || opened.bytes > this.#limits.bytes) {
        const oldest = await at.oldest()
        if (oldest === undefined) break
        drop(at, opened, oldest)
        opened.evictions += 1
      }
    })
    return entry.expires_at
  }

  async delete(namespace: string, key: string): Promise<boolean> {
    this.#check(namespace, key)
    return this.#write(async (at, opened) => {
      const entry = await at.entry(namespace, key)
      drop(at, opened, entry)
      return this.#living(entry) !== undefined
    })
  }

  async clear(namespace: string): Promise<number> {
    this.#check(namespace, '-')
    return this.#write(async (at, opened) => {
      const entries = await at.entries(namespace)
      for (const entry of entries) drop(at, opened, entry)
      return entries.length
    })
  }

  async stats(): Promise<CacheStats> {
    this.#check('-', '-')
    await this.#writing
    const { entries, bytes, evictions } = await this.#opened().catch(unavailable)
    return {
      ...{ entries, bytes },
      hits: this.#hits,
      misses: this.#misses,
      evictions,
      limits: this.#limits,
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    const opening = this.#opening
    if (this.#uses.size > 0) await this.#write(async () => {}).catch(() => {})
    this.#closed = true
    await this.#writing
    await opening?.then(({ db }) => db.close()).catch(() => {})
  }

  #check(namespace: string, key: string): void {
    if (this.#closed) throw new ToolmeshError('unavailable', 'the cache is closed')
    checkNames(namespace, key)
  }

  #living(entry: Entry | undefined): Entry | undefined {
    return entry !== undefined && entry.expires_at > this.#clock.now() ? entry : undefined
  }

  async #use(entry: Entry): Promise<void> {
    const name = nameOf(entry)
    this.#uses.delete(name)
    this.#uses.set(name, entry)
    if (this.#uses.size >= USES) await this.#write(async () => {})
  }

  async #read<T>(work: (at: CacheTransaction) => Promise<T>): Promise<T> {
    try {
      const { db } = await this.#opened()
      return await work(new CacheTransaction(db, 'readonly'))
    } catch (error) {
      return unavailable(error)
    }
  }

  /** One transaction after the others, with what was used since the last one. What it counts holds only when it is written. */
  #write<T>(work: (at: CacheTransaction, opened: Opened) => Promise<T>): Promise<T> {
    const written = this.#writing.then(async () => {
      try {
        const opened = await this.#opened()
        const counted = { ...opened }
        const at = new CacheTransaction(opened.db, 'readwrite')
        const uses = [...this.#uses.values()]
        this.#uses.clear()
        for (const entry of uses) await touch(at, counted, entry)
        const done = await work(at, counted).catch(error => {
          at.abort()
          throw error
        })
        await at.done
        Object.assign(opened, counted)
        return done
      } catch (error) {
        return unavailable(error)
      }
    })
    this.#writing = written.catch(() => {})
    return written
  }

  #opened(): Promise<Opened> {
    this.#opening ??= open(this.#slot, () => {
      this.#opening = undefined
    }).catch(error => {
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }
}

async function open(slot: number, onClose: () => void): Promise<Opened> {
  const db = await openCacheDatabase(slot)
  db.onclose = onClose
  const entries = await new CacheTransaction(db, 'readonly').entries()
  return {
    db,
    entries: entries.length,
    bytes: entries.reduce((sum, { size }) => sum + size, 0),
    used: entries.reduce((most, { used }) => Math.max(most, used), 0),
    evictions: 0,
  }
}

async function touch(at: CacheTransaction, opened: Opened, { namespace, key }: Entry): Promise<void> {
  const entry = await at.entry(namespace, key)
  if (entry === undefined) return
  opened.used += 1
  at.touch(entry, opened.used)
}

function drop(at: CacheTransaction, opened: Opened, entry: Entry | undefined): void {
  if (entry === undefined) return
  at.drop(entry)
  opened.entries -= 1
  opened.bytes -= entry.size
}

function nameOf({ namespace, key }: Entry): string {
  return JSON.stringify([namespace, key])
}

/** A browser that gives no room, or took away what it had given. */
function unavailable(error: unknown): never {
  throw error instanceof ToolmeshError
    ? error
    : new ToolmeshError('unavailable', `the cache of this tab cannot be used: ${String(error)}`, {
        cause: error,
      })
}
