import type { Clock } from '../../src/shared/clock.ts'
import { type HeapItem, MinHeap } from '../../src/shared/queue/min-heap.ts'

interface Timer extends HeapItem {
  at: number
  /** Of two at the same time, the one that was set first fires first. */
  order: number
  fn: () => void
}

/** When simulated time begins, epoch milliseconds: any fixed moment. */
const BEGIN_MS = 1_800_000_000_000

/** Time that moves from event to event, as fast as they can be worked through; the same events in the same order each time. */
export class VirtualClock implements Clock {
  readonly #timers = new MinHeap<Timer>((a, b) => (a.at === b.at ? a.order < b.order : a.at < b.at))
  #time = 0
  #order = 0
  #fired = 0

  now(): number {
    return BEGIN_MS + this.#time
  }

  /** Milliseconds since the simulation began. */
  monotonic(): number {
    return this.#time
  }

  after(ms: number, fn: () => void): () => void {
    const timer: Timer = { at: this.#time + Math.max(0, ms), order: this.#order++, fn, place: -1 }
    this.#timers.push(timer)
    return () => this.#timers.remove(timer)
  }

  /** Timers that fired so far. */
  get fired(): number {
    return this.#fired
  }

  /** Moves on to `untilMs` of simulated time. What an event sets off by promises is done before time moves on. */
  async run(untilMs: number): Promise<void> {
    for (
      let next = this.#timers.peek();
      next !== undefined && next.at <= untilMs;
      next = this.#timers.peek()
    ) {
      this.#time = next.at
      for (let due = next as Timer | undefined; due?.at === this.#time; due = this.#timers.peek()) {
        this.#timers.pop()
        this.#fired += 1
        due.fn()
      }
      // Runs after every microtask that there is.
      await new Promise(resolve => setImmediate(resolve))
    }
    this.#time = untilMs
  }
}
