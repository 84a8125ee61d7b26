import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { z } from 'zod'

/** A lane and how many tasks wait in it. */
export interface LaneEntry {
  readonly id: number
  readonly key: string
  waiting: number
  /** It has a row. */
  isWritten: boolean
}

/** Lanes in which nothing waits are kept, as most fill again at once, until there are so many of them. */
const EMPTY_LANES = 10_000

const Row = z.object({ id: z.int(), key: z.string(), waiting: z.int() })

/** Every lane by its key, with a small number for it, so that a task's row and the index of lanes stay small. */
export class LaneRegister {
  readonly #insert: StatementSync
  readonly #delete: StatementSync
  readonly #byKey = new Map<string, LaneEntry>()
  #lastId = 0
  #empty = 0

  constructor(db: DatabaseSync) {
    this.#insert = db.prepare('INSERT INTO lanes VALUES (?, ?)')
    this.#delete = db.prepare('DELETE FROM lanes WHERE id = ?')
    const rows = db.prepare(
      `SELECT id, key, coalesce(waiting, 0) AS waiting FROM lanes LEFT JOIN
       (SELECT lane, count(*) AS waiting FROM tasks WHERE lane IS NOT NULL GROUP BY lane) ON lane = id`,
    )
    for (const row of rows.iterate()) {
      const entry: LaneEntry = { ...Row.parse(row), isWritten: true }
      this.#byKey.set(entry.key, entry)
      this.#lastId = Math.max(this.#lastId, entry.id)
      if (entry.waiting === 0) this.#empty += 1
    }
  }

  /** So many are empty that it is time to `sweep`. */
  get isCrowded(): boolean {
    return this.#empty > EMPTY_LANES
  }

  find(key: string): LaneEntry | undefined {
    return this.#byKey.get(key)
  }

  /** One task more waits in this lane. */
  enter(key: string): LaneEntry {
    let entry = this.#byKey.get(key)
    if (entry === undefined) {
      entry = { id: ++this.#lastId, key, waiting: 0, isWritten: false }
      this.#byKey.set(key, entry)
      this.#empty += 1
    }
    if (entry.waiting === 0) this.#empty -= 1
    entry.waiting += 1
    return entry
  }

  /** One task less. */
  leave(entry: LaneEntry): void {
    entry.waiting -= 1
    if (entry.waiting === 0) this.#empty += 1
  }

  /** A row is going to name this lane; part of its transaction. */
  write(entry: LaneEntry): void {
    if (entry.isWritten) return
    this.#insert.run(entry.id, entry.key)
    entry.isWritten = true
  }

  /** Forgets empty lanes; part of a transaction in which no row names one of them. */
  sweep(): void {
    for (const entry of this.#byKey.values()) {
      if (entry.waiting > 0) continue
      if (entry.isWritten) this.#delete.run(entry.id)
      this.#byKey.delete(entry.key)
    }
    this.#empty = 0
  }

  waiting(): { lane: string; waiting: number }[] {
    const found: { lane: string; waiting: number }[] = []
    for (const { key, waiting } of this.#byKey.values()) if (waiting > 0) found.push({ lane: key, waiting })
    return found
  }
}
