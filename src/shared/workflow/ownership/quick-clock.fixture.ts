/** Time for tests that are run thousands of times: moved by hand, and cheap to move. Not part of the product. */
import type { Clock } from '../../clock.ts'
import { MinHeap } from '../../queue/min-heap.ts'

interface Timer {
  place: number
  at: number
  order: number
  fn: () => void
}

export class QuickClock implements Clock {
  #time = 1_750_000_000_000
  #order = 0
  readonly #timers = new MinHeap<Timer>((a, b) => a.at < b.at || (a.at === b.at && a.order < b.order))

  now(): number {
    return this.#time
  }

  monotonic(): number {
    return this.#time
  }

  after(ms: number, fn: () => void): () => void {
    this.#order += 1
    const timer = { place: -1, at: this.#time + Math.max(ms, 0), order: this.#order, fn }
    this.#timers.push(timer)
    return () => this.#timers.remove(timer)
  }

  /** Lets time pass until `isOver`, at most `ms`; says whether it came about. All that needs no time is done before time moves on. */
  async pass(ms: number, isOver: () => boolean = () => false): Promise<boolean> {
    const end = this.#time + ms
    for (;;) {
      await settled()
      if (isOver()) return true
      const next = this.#timers.peek()
      if (next === undefined || next.at > end) break
      this.#timers.remove(next)
      this.#time = Math.max(this.#time, next.at)
      next.fn()
    }
    this.#time = end
    await settled()
    return isOver()
  }
}

/** Every promise that needs no time has been followed. */
function settled(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
