import { InvalidInputError } from '../errors.ts'

/** What a cache allows; the least recently used goes where it does not fit. */
export interface CacheLimits {
  /** Entries of all namespaces. */
  entries: number
  /** UTF-8 bytes of all values. */
  bytes: number
  /** UTF-8 bytes of one value. */
  entryBytes: number
  /** Milliseconds that an entry lives, at most and unless less is asked for. */
  ttlMs: number
}

export const DEFAULT_CACHE_LIMITS: CacheLimits = {
  entries: 100_000,
  bytes: 256 * 1024 * 1024,
  entryBytes: 1024 * 1024,
  ttlMs: 30 * 24 * 60 * 60 * 1000,
}

/** Characters of a namespace or a key. */
const NAME_CHARS = 512

export interface CacheStats {
  entries: number
  /** UTF-8 bytes of their values. */
  bytes: number
  /** Since it was opened. */
  hits: number
  misses: number
  evictions: number
  limits: CacheLimits
}

export interface CachedValue {
  /** A JSON document as text. */
  value: string
  /** Epoch milliseconds. */
  expires_at: number
}

/**
 * Values by namespace and key, each for its time, as many as the limits allow: what is not there must be made again. Each driver runs
 * `cache-store.compliance.ts`. Nothing that only a cache has may be needed: entries go at any time. Rejects with
 * `invalid_input` for names or a value that are too long, `unavailable` when it is closed or broken.
 */
export interface CacheStore {
  /** Counts as a use. */
  get(namespace: string, key: string): Promise<CachedValue | undefined>
  /** Counts as none. */
  has(namespace: string, key: string): Promise<boolean>
  /**
   * When it ends, epoch milliseconds.
   * @param ttlMs milliseconds that it lives, 1 or more; default and at most the limit
   */
  set(namespace: string, key: string, value: string, ttlMs?: number): Promise<number>
  /** Whether it was there. */
  delete(namespace: string, key: string): Promise<boolean>
  /** Forgets a namespace: how many entries. */
  clear(namespace: string): Promise<number>
  stats(): Promise<CacheStats>
  close(): Promise<void>
}

/** A `set` that was found right. */
export interface NewEntry {
  value: string
  /** UTF-8 bytes. */
  size: number
  expires_at: number
}

/** Throws `invalid_input` for a namespace or key that is none. */
export function checkNames(namespace: string, key: string): void {
  for (const [field, name] of [
    ['/namespace', namespace],
    ['/key', key],
  ] as const) {
    if (name.length === 0 || name.length > NAME_CHARS || !name.isWellFormed())
      throw new InvalidInputError(field, name, `1 to ${NAME_CHARS} characters of valid Unicode`)
  }
}

/** Throws `invalid_input` for a value that is too large or a time to live that is none. */
export function newEntry(
  value: string,
  ttlMs: number | undefined,
  limits: CacheLimits,
  now: number,
): NewEntry {
  if (ttlMs !== undefined && !(ttlMs >= 1)) throw new InvalidInputError('/ttl_ms', ttlMs, '1 or more')
  const size = new TextEncoder().encode(value).length
  const most = Math.min(limits.entryBytes, limits.bytes)
  if (size > most) throw new InvalidInputError('/value', `${size} bytes`, `at most ${most} bytes`)
  return { value, size, expires_at: now + Math.min(ttlMs ?? limits.ttlMs, limits.ttlMs) }
}
