import type { Clock } from '../clock.ts'
import { MinHeap } from './min-heap.ts'

/** Something due at a time; `off` when it has rung or was taken back. */
export interface Alarm {
  place: number
  /** On the clock's monotonic scale, milliseconds. */
  at: number
  ring: () => void
}

/** Longest single timer: platforms hold a delay in 31 bits. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** Any number of due times over one timer of the platform: a min-heap, and a timer for its first. */
export class AlarmClock {
  readonly #clock: Clock
  readonly #alarms = new MinHeap<Alarm>((a, b) => a.at < b.at)
  #timer: { at: number; stop: () => void } | undefined
  #closed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Rings once, `ms` milliseconds from now (0 or less: as soon as possible). */
  in(ms: number, ring: () => void): Alarm {
    const alarm: Alarm = { place: -1, at: this.#clock.monotonic() + Math.max(ms, 0), ring }
    this.#alarms.push(alarm)
    this.#arm()
    return alarm
  }

  /** Rings once at a time of the wall clock (epoch ms). */
  at(epochMs: number, ring: () => void): Alarm {
    return this.in(epochMs - this.#clock.now(), ring)
  }

  off(alarm: Alarm | undefined): void {
    if (alarm !== undefined) this.#alarms.remove(alarm)
  }

  /** Forgets every alarm; none rings from now on. */
  close(): void {
    this.#closed = true
    while (this.#alarms.pop() !== undefined);
    this.#timer?.stop()
    this.#timer = undefined
  }

  #arm(): void {
    const first = this.#closed ? undefined : this.#alarms.peek()
    if (first === undefined || (this.#timer !== undefined && this.#timer.at <= first.at)) return
    this.#timer?.stop()
    const delay = Math.min(Math.max(Math.ceil(first.at - this.#clock.monotonic()), 0), MAX_TIMER_MS)
    this.#timer = { at: first.at, stop: this.#clock.after(delay, () => this.#ring()) }
  }

  #ring(): void {
    this.#timer = undefined
    for (;;) {
      const first = this.#alarms.peek()
      if (first === undefined || first.at > this.#clock.monotonic()) break
      this.#alarms.remove(first)
      first.ring()
    }
    this.#arm()
  }
}
