import { promisifyRequest } from 'idb-keyval'
import { z } from 'zod'
import type { NewEntry } from '../../shared/cache/cache-store.ts'

/** What is known of a value without reading it: to touch one, or to look for the oldest, moves no values. */
const entrySchema = z.object({
  namespace: z.string(),
  key: z.string(),
  /** UTF-8 bytes of the value. */
  size: z.int(),
  /** Epoch milliseconds. */
  expires_at: z.number(),
  /** Grows with each use. */
  used: z.int(),
})

export type Entry = z.infer<typeof entrySchema>

const SCHEMA_VERSION = 1
const ENTRIES = 'entries'
const VALUES = 'values'
const BY_USE = 'by_use'
const BY_END = 'by_end'

/** Opens the database of a slot's cache; one of an earlier version is emptied. */
export function openCacheDatabase(slot: number): Promise<IDBDatabase> {
  const request = indexedDB.open(`toolmesh-peer-${slot}-cache`, SCHEMA_VERSION)
  request.onupgradeneeded = () => {
    const db = request.result
    for (const name of db.objectStoreNames) db.deleteObjectStore(name)
    const entries = db.createObjectStore(ENTRIES, { keyPath: ['namespace', 'key'] })
    entries.createIndex(BY_USE, 'used')
    entries.createIndex(BY_END, 'expires_at')
    db.createObjectStore(VALUES)
  }
  return promisifyRequest(request)
}

/** One transaction on a cache. */
export class CacheTransaction {
  readonly #entries: IDBObjectStore
  readonly #values: IDBObjectStore
  readonly #transaction: IDBTransaction
  /** Resolves when all of it is written; rejects when nothing is. */
  readonly done: Promise<void>

  constructor(db: IDBDatabase, mode: 'readonly' | 'readwrite') {
    const transaction = db.transaction([ENTRIES, VALUES], mode)
    this.#transaction = transaction
    this.#entries = transaction.objectStore(ENTRIES)
    this.#values = transaction.objectStore(VALUES)
    this.done = promisifyRequest(transaction)
    // A request that failed has told already.
    this.done.catch(() => {})
  }

  async entry(namespace: string, key: string): Promise<Entry | undefined> {
    return readable(await promisifyRequest<unknown>(this.#entries.get([namespace, key])))
  }

  async value(namespace: string, key: string): Promise<string | undefined> {
    const value = await promisifyRequest<unknown>(this.#values.get([namespace, key]))
    return typeof value === 'string' ? value : undefined
  }

  /** All of them, of one namespace or of any. */
  async entries(namespace?: string): Promise<Entry[]> {
    const range = namespace === undefined ? null : IDBKeyRange.bound([namespace], [namespace, []])
    return parsed(await promisifyRequest<unknown[]>(this.#entries.getAll(range)))
  }

  /** The one unused longest. */
  async oldest(): Promise<Entry | undefined> {
    return parsed(await promisifyRequest<unknown[]>(this.#entries.index(BY_USE).getAll(null, 1)))[0]
  }

  /** Those whose time was over at `now`, the first of them. */
  async expired(now: number, limit: number): Promise<Entry[]> {
    const range = IDBKeyRange.upperBound(now)
    return parsed(await promisifyRequest<unknown[]>(this.#entries.index(BY_END).getAll(range, limit)))
  }

  /** Takes back all of it. */
  abort(): void {
    try {
      this.#transaction.abort()
    } catch {
      // The failure that led here has ended it.
    }
  }

  put(namespace: string, key: string, { value, size, expires_at }: NewEntry, used: number): void {
    this.#entries.put({ namespace, key, size, expires_at, used } satisfies Entry)
    this.#values.put(value, [namespace, key])
  }

  touch(entry: Entry, used: number): void {
    this.#entries.put({ ...entry, used })
  }

  drop({ namespace, key }: Entry): void {
    this.#entries.delete([namespace, key])
    this.#values.delete([namespace, key])
  }
}

function parsed(found: readonly unknown[]): Entry[] {
  return found.map(readable).filter(entry => entry !== undefined)
}

function readable(found: unknown): Entry | undefined {
  const entry = entrySchema.safeParse(found)
  return entry.success ? entry.data : undefined
}
