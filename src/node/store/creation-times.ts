import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { z } from 'zod'

const MINUTE_MS = 60_000

/** Numbers of tasks, both included. */
export interface NumberRange {
  first: number
  last: number
}

const Range = z.object({ first: z.int().nullable(), last: z.int().nullable() })

/**
 * Which tasks were made in each minute, as the first and last number. It turns a time into numbers even where the
 * clock was set back, and costs a write for each transaction instead of one for each task.
 */
export class CreationTimes {
  readonly #write: StatementSync
  readonly #read: StatementSync
  readonly #drop: StatementSync
  readonly #noted = new Map<number, NumberRange>()

  constructor(db: DatabaseSync) {
    this.#write = db.prepare(
      `INSERT INTO made_in VALUES (?, ?, ?)
       ON CONFLICT (minute) DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last)`,
    )
    this.#read = db.prepare(
      'SELECT min(first) AS first, max(last) AS last FROM made_in WHERE minute BETWEEN ? AND ?',
    )
    this.#drop = db.prepare('DELETE FROM made_in WHERE last < coalesce((SELECT min(n) FROM tasks), last)')
  }

  /** A task was made in the transaction that is under way; numbers grow. */
  note(n: number, createdAt: number): void {
    const minute = minuteOf(createdAt)
    const noted = this.#noted.get(minute)
    if (noted === undefined) this.#noted.set(minute, { first: n, last: n })
    else noted.last = n
  }

  /** Before the transaction ends. */
  write(): void {
    if (this.#noted.size === 0) return
    for (const [minute, { first, last }] of this.#noted) this.#write.run(minute, first, last)
    this.#noted.clear()
  }

  /** The transaction was not kept. */
  clear(): void {
    this.#noted.clear()
  }

  /** All tasks made from `from` to `until` (epoch ms) have numbers in this range; undefined: there are none. */
  numbers(from: number, until: number): NumberRange | undefined {
    const { first, last } = Range.parse(this.#read.get(minuteOf(from), minuteOf(until)))
    return first === null || last === null ? undefined : { first, last }
  }

  /** Forgets minutes of which no task is left. */
  prune(): void {
    this.#drop.run()
  }
}

function minuteOf(at: number): number {
  return Math.floor(at / MINUTE_MS)
}
