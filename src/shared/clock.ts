/** Time as an argument: composition roots hand in the real clock, tests one that they move by hand. */
export interface Clock {
  /** Wall clock, milliseconds since the Unix epoch. */
  now(): number
  /** Milliseconds since some fixed point; never jumps. Leases and time limits count on this one. */
  monotonic(): number
  /** Calls `fn` once after `ms` milliseconds; the returned function takes it back. */
  after(ms: number, fn: () => void): () => void
}

/** The platform's clock. A pending timer never keeps a process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, fn) {
    const timer: unknown = setTimeout(fn, ms)
    if (
      typeof timer === 'object' &&
      timer !== null &&
      'unref' in timer &&
      typeof timer.unref === 'function'
    ) {
      timer.unref()
    }
    return () => clearTimeout(timer as ReturnType<typeof setTimeout>)
  },
}

/** A clock that stands still until `advance` moves it, for tests. */
export class ManualClock implements Clock {
  #time: number
  #timers = new Set<{ at: number; fn: () => void }>()
  /** How far the wall clock was set, milliseconds. */
  #set = 0

  constructor(startMs = 1_750_000_000_000) {
    this.#time = startMs
  }

  now(): number {
    return this.#time + this.#set
  }

  /** Sets the wall clock on (or back) by `ms`; the monotonic time and the timers go on as they were. */
  setWall(ms: number): void {
    this.#set += ms
  }

  monotonic(): number {
    return this.#time
  }

  after(ms: number, fn: () => void): () => void {
    const timer = { at: this.#time + ms, fn }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Moves time on by `ms`, firing what falls due in order; lets promises settle after each timer. */
  async advance(ms: number): Promise<void> {
    const end = this.#time + ms
    for (;;) {
      const due = [...this.#timers].filter(timer => timer.at <= end).sort((a, b) => a.at - b.at)[0]
      if (due === undefined) break
      this.#timers.delete(due)
      this.#time = Math.max(this.#time, due.at)
      due.fn()
      await new Promise(resolve => setTimeout(resolve, 0))
    }
    this.#time = end
    await new Promise(resolve => setTimeout(resolve, 0))
  }
}
