import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { z } from 'zod'

/** Lengths of the spans that are kept, milliseconds. */
const MINUTE_MS = 60_000
const SECOND_MS = 1_000

/** Numbers of tasks, both included. */
export interface NumberRange {
  first: number
  last: number
}

const Range = z.object({ first: z.int().nullable(), last: z.int().nullable() })

/**
 * Which tasks were made in each minute and in each second, as the first and last number. It turns a time into numbers
 * even where the clock was set back, and costs writes for each transaction instead of one for each task.
 */
export class CreationTimes {
  readonly #write: StatementSync
  readonly #read: StatementSync
  readonly #drop: StatementSync
  readonly #noted = new Map<number, NumberRange>()

  constructor(db: DatabaseSync) {
    this.#write = db.prepare(
      `INSERT INTO made_in VALUES (?, ?, ?, ?)
       ON CONFLICT (span, slot) DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last)`,
    )
    this.#read = db.prepare(
      'SELECT min(first) AS first, max(last) AS last FROM made_in WHERE span = ? AND slot BETWEEN ? AND ?',
    )
    this.#drop = db.prepare('DELETE FROM made_in WHERE last < coalesce((SELECT min(n) FROM tasks), last)')
  }

  /** A task was made in the transaction that is under way; numbers grow. */
  note(n: number, createdAt: number): void {
    const second = Math.floor(createdAt / SECOND_MS)
    const noted = this.#noted.get(second)
    if (noted === undefined) this.#noted.set(second, { first: n, last: n })
    else noted.last = n
  }

  /** Before the transaction ends. */
  write(): void {
    if (this.#noted.size === 0) return
    for (const [second, { first, last }] of this.#noted) {
      this.#write.run(SECOND_MS, second, first, last)
      this.#write.run(MINUTE_MS, Math.floor((second * SECOND_MS) / MINUTE_MS), first, last)
    }
    this.#noted.clear()
  }

  /** All tasks made from `from` to `until` (epoch ms) have numbers in this range; undefined: there are none. */
  numbers(from: number, until: number): NumberRange | undefined {
    // Whole minutes, and seconds at both ends.
    const [firstMinute, endMinute] = [Math.ceil(from / MINUTE_MS), Math.floor(until / MINUTE_MS)]
    const [firstSecond, lastSecond] = [Math.floor(from / SECOND_MS), Math.floor(until / SECOND_MS)]
    const perMinute = MINUTE_MS / SECOND_MS
    const parts =
      firstMinute >= endMinute
        ? [this.#within(SECOND_MS, firstSecond, lastSecond)]
        : [
            this.#within(SECOND_MS, firstSecond, firstMinute * perMinute - 1),
            this.#within(MINUTE_MS, firstMinute, endMinute - 1),
            this.#within(SECOND_MS, endMinute * perMinute, lastSecond),
          ]
    const found = parts.filter(part => part !== undefined)
    if (found.length === 0) return undefined
    return {
      first: Math.min(...found.map(({ first }) => first)),
      last: Math.max(...found.map(({ last }) => last)),
    }
  }

  /** Forgets times of which no task is left. */
  prune(): void {
    this.#drop.run()
  }

  #within(spanMs: number, first: number, last: number): NumberRange | undefined {
    const range = Range.parse(this.#read.get(spanMs, first, last))
    return range.first === null || range.last === null ? undefined : { first: range.first, last: range.last }
  }
}
