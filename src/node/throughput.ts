import type { Clock } from '../shared/clock.ts'

/** How many seconds back are kept. */
const SECONDS = 60

/** Counts what is committed: in all, and in each of the last 60 seconds. */
export class Throughput {
  readonly #clock: Clock
  /** Counts by second, each valid only for the second it names. */
  readonly #ring = Array.from({ length: SECONDS }, () => ({ second: -1, count: 0 }))
  #committed = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  count(): void {
    this.#committed += 1
    const second = this.#second()
    const slot = this.#ring[second % SECONDS]
    if (slot === undefined) return
    slot.count = slot.second === second ? slot.count + 1 : 1
    slot.second = second
  }

  /** `per_second` holds the last 60 whole or begun seconds, oldest first. */
  view(): { committed: number; per_second: number[] } {
    const now = this.#second()
    const per_second = Array.from({ length: SECONDS }, (_, index) => {
      const second = now - SECONDS + 1 + index
      const slot = second < 0 ? undefined : this.#ring[second % SECONDS]
      return slot?.second === second ? slot.count : 0
    })
    return { committed: this.#committed, per_second }
  }

  #second(): number {
    return Math.floor(this.#clock.monotonic() / 1000)
  }
}
