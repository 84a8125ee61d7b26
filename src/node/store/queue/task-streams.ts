import type { SQLInputValue, StatementSync } from 'node:sqlite'
import { z } from 'zod'

const Numbers = z.array(z.object({ n: z.int() }))

/** Rows that one read of an index brings: few at first, as a page often needs no more. */
const FIRST_READ = 16
const LARGEST_READ = 256

/** How much one list may still look at, so that no question holds up the store. */
export class LookBudget {
  #left: number

  constructor(looks: number) {
    this.#left = looks
  }

  get isSpent(): boolean {
    return this.#left <= 0
  }

  spend(looks = 1): void {
    this.#left -= looks
  }
}

/**
 * Numbers of tasks in one direction, as keys that ascend: the number itself from the oldest on, its negative from the
 * newest on. Streams are met and joined by seeking, so that what matches rarely is found without reading the rest.
 */
export interface TaskStream {
  /** The first key at or behind `key`; undefined: there is none. Keys asked for never go back. */
  seek(key: number): number | undefined
}

/** The tasks of one value of an index. */
export class IndexStream implements TaskStream {
  readonly #statement: StatementSync
  readonly #values: SQLInputValue[]
  readonly #sign: 1 | -1
  readonly #budget: LookBudget
  #keys: number[] = []
  #at = 0
  #size = FIRST_READ
  #ended = false

  /** @param statement takes `values`, then the number from which on, then how many */
  constructor(statement: StatementSync, values: SQLInputValue[], sign: 1 | -1, budget: LookBudget) {
    this.#statement = statement
    this.#values = values
    this.#sign = sign
    this.#budget = budget
  }

  seek(key: number): number | undefined {
    while (true) {
      for (; this.#at < this.#keys.length; this.#at++) {
        const found = this.#keys[this.#at]
        if (found !== undefined && found >= key) return found
      }
      if (this.#ended) return undefined
      this.#read(key)
    }
  }

  #read(key: number): void {
    const rows = Numbers.parse(this.#statement.all(...this.#values, key * this.#sign, this.#size))
    this.#budget.spend(1 + rows.length / FIRST_READ)
    this.#keys = rows.map(({ n }) => n * this.#sign)
    this.#at = 0
    this.#ended = rows.length < this.#size
    this.#size = Math.min(this.#size * 2, LARGEST_READ)
  }
}

/** What is in any of the streams. */
export class AnyStream implements TaskStream {
  readonly #streams: readonly TaskStream[]

  constructor(streams: readonly TaskStream[]) {
    this.#streams = streams
  }

  seek(key: number): number | undefined {
    let first: number | undefined
    for (const stream of this.#streams) {
      const found = stream.seek(key)
      if (found !== undefined && (first === undefined || found < first)) first = found
    }
    return first
  }
}

/** What is in all of the streams. With the budget spent it gives the first key that may be. */
export class AllStream implements TaskStream {
  readonly #streams: readonly TaskStream[]
  readonly #budget: LookBudget

  constructor(streams: readonly TaskStream[], budget: LookBudget) {
    this.#streams = streams
    this.#budget = budget
  }

  seek(key: number): number | undefined {
    let candidate = key
    for (let agreed = 0; agreed < this.#streams.length; ) {
      for (const stream of this.#streams) {
        const found = stream.seek(candidate)
        if (found === undefined) return undefined
        agreed = found === candidate ? agreed + 1 : 1
        candidate = found
        if (agreed >= this.#streams.length) break
      }
      if (this.#budget.isSpent) return candidate
    }
    return candidate
  }
}
