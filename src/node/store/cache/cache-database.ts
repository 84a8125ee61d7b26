import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import type { CachedValue, CacheLimits, CacheStats, NewEntry } from '../../../shared/cache/cache-store.ts'

/** Uses that are remembered before they are written: entries that are read again and again cost no writes. */
const USES = 1_000
/** Entries whose time is over that one `set` deletes at most. */
const EXPIRED_AT_ONCE = 20

const Value = z.object({ id: z.int(), value: z.string(), size: z.int(), expires_at: z.int() })
const Place = z.object({ id: z.int(), size: z.int() })
const Totals = z.object({ entries: z.int(), bytes: z.int(), used: z.int() })

const SCHEMA = `
CREATE TABLE IF NOT EXISTS entries (
  id INTEGER PRIMARY KEY,
  namespace TEXT NOT NULL,
  key TEXT NOT NULL,
  size INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used INTEGER NOT NULL,
  value TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS entries_by_key ON entries (namespace, key);
CREATE INDEX IF NOT EXISTS entries_by_use ON entries (used);
CREATE INDEX IF NOT EXISTS entries_by_end ON entries (expires_at);
`

/** A cache in its file: synchronous, so it lives in a thread. `now` is epoch milliseconds. */
export class CacheDatabase {
  readonly #db: DatabaseSync
  readonly #limits: CacheLimits
  readonly #statements: ReturnType<typeof prepareStatements>
  /** Ids that were used since the last change, the latest last. */
  readonly #uses = new Set<number>()
  #entries: number
  #bytes: number
  /** Grows with each use. */
  #used: number
  #hits = 0
  #misses = 0
  #evictions = 0

  constructor(db: DatabaseSync, limits: CacheLimits) {
    this.#db = db
    this.#limits = limits
    db.exec(SCHEMA)
    this.#statements = prepareStatements(db)
    const { entries, bytes, used } = Totals.parse(this.#statements.totals.get())
    this.#entries = entries
    this.#bytes = bytes
    this.#used = used
  }

  get(namespace: string, key: string, now: number): CachedValue | undefined {
    const row = this.#statements.read.get(namespace, key)
    const found = row === undefined ? undefined : Value.parse(row)
    if (found === undefined || found.expires_at <= now) {
      this.#misses += 1
      return undefined
    }
    this.#hits += 1
    this.#uses.delete(found.id)
    this.#uses.add(found.id)
    if (this.#uses.size >= USES) this.#write(() => {})
    return { value: found.value, expires_at: found.expires_at }
  }

  has(namespace: string, key: string, now: number): boolean {
    return this.#statements.has.get(namespace, key, now) !== undefined
  }

  set(namespace: string, key: string, { value, size, expires_at }: NewEntry, now: number): void {
    this.#write(() => {
      this.#drop(this.#statements.find.all(namespace, key))
      this.#drop(this.#statements.expired.all(now, EXPIRED_AT_ONCE))
      this.#used += 1
      this.#statements.insert.run(namespace, key, size, expires_at, this.#used, value)
      this.#entries += 1
      this.#bytes += size
      while (this.#entries > this.#limits.entries || this.#bytes > this.#limits.bytes) {
        this.#evictions += this.#drop(this.#statements.oldest.all())
      }
    })
  }

  delete(namespace: string, key: string, now: number): boolean {
    const isThere = this.has(namespace, key, now)
    this.#write(() => this.#drop(this.#statements.find.all(namespace, key)))
    return isThere
  }

  clear(namespace: string): number {
    return this.#write(() => this.#drop(this.#statements.findAll.all(namespace)))
  }

  stats(): CacheStats {
    return {
      entries: this.#entries,
      bytes: this.#bytes,
      hits: this.#hits,
      misses: this.#misses,
      evictions: this.#evictions,
      limits: this.#limits,
    }
  }

  close(): void {
    this.#write(() => {})
    this.#db.close()
  }

  /** Deletes these rows: how many. */
  #drop(rows: readonly unknown[]): number {
    for (const row of rows) {
      const { id, size } = Place.parse(row)
      this.#statements.drop.run(id)
      this.#uses.delete(id)
      this.#entries -= 1
      this.#bytes -= size
    }
    return rows.length
  }

  /** One transaction, with what was used since the last one. */
  #write<T>(work: () => T): T {
    const before = { entries: this.#entries, bytes: this.#bytes, evictions: this.#evictions }
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      for (const id of this.#uses) {
        this.#used += 1
        this.#statements.use.run(this.#used, id)
      }
      const done = work()
      this.#db.exec('COMMIT')
      this.#uses.clear()
      return done
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      this.#entries = before.entries
      this.#bytes = before.bytes
      this.#evictions = before.evictions
      throw error
    }
  }
}

function prepareStatements(db: DatabaseSync) {
  return {
    totals: db.prepare(
      'SELECT count(*) AS entries, coalesce(sum(size), 0) AS bytes, coalesce(max(used), 0) AS used FROM entries',
    ),
    read: db.prepare('SELECT id, value, size, expires_at FROM entries WHERE namespace = ? AND key = ?'),
    has: db.prepare('SELECT 1 FROM entries WHERE namespace = ? AND key = ? AND expires_at > ?'),
    find: db.prepare('SELECT id, size FROM entries WHERE namespace = ? AND key = ?'),
    findAll: db.prepare('SELECT id, size FROM entries WHERE namespace = ?'),
    expired: db.prepare('SELECT id, size FROM entries WHERE expires_at <= ? ORDER BY expires_at LIMIT ?'),
    oldest: db.prepare('SELECT id, size FROM entries ORDER BY used LIMIT 1'),
    insert: db.prepare(
      'INSERT INTO entries (namespace, key, size, expires_at, used, value) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    use: db.prepare('UPDATE entries SET used = ? WHERE id = ?'),
    drop: db.prepare('DELETE FROM entries WHERE id = ?'),
  }
}
