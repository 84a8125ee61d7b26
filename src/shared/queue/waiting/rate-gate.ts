import type { Clock } from '../../clock.ts'
import type { GateRule, GateTerms } from './gate.ts'

/**
 * Lets tasks of a key start while fewer than the limit did within the last `per_ms`: an exact sliding log of the
 * latest starts, as many as the largest limit (10,000) and as far back as the longest time that was asked for.
 */
export class RateGate implements GateRule {
  readonly #clock: Clock
  /** Before this time of the monotonic clock the key may have been used in full. */
  readonly #usedUntil: number
  /** Ascending, on the monotonic clock; those before `#first` are gone. */
  #starts: number[] = []
  #first = 0
  #limit = 0
  #perMs = 0

  /** @param starts before this run, as far as they are known: ascending, on the monotonic clock */
  constructor(clock: Clock, usedUntil: number, starts: readonly number[]) {
    this.#clock = clock
    this.#usedUntil = usedUntil
    this.#starts = [...starts]
  }

  /** The starts that may still count, ascending, on the monotonic clock. */
  get starts(): readonly number[] {
    return this.#starts.slice(this.#first)
  }

  get unusedIn(): number {
    const last = this.#starts.at(-1)
    return last === undefined ? 0 : Math.max(last + this.#perMs - this.#clock.monotonic(), 0)
  }

  opensIn({ limit, per_ms = 0 }: GateTerms): number {
    this.#limit = Math.max(this.#limit, limit)
    this.#perMs = Math.max(this.#perMs, per_ms)
    const at = this.#starts.length - limit
    const counts = at < this.#first ? this.#usedUntil : Math.max(this.#starts[at] ?? 0, this.#usedUntil)
    return Math.max(counts + per_ms - this.#clock.monotonic(), 0)
  }

  start(): void {
    this.#starts.push(this.#clock.monotonic())
    this.#prune()
  }

  /** It is among the starts from before this run. */
  resume(): void {}

  end(): boolean {
    return false
  }

  undo(startedAt: number): void {
    const at = this.#starts.lastIndexOf(startedAt)
    if (at >= this.#first) this.#starts.splice(at, 1)
  }

  #prune(): void {
    const since = this.#clock.monotonic() - this.#perMs
    const kept = this.#starts.length - this.#limit
    while (
      this.#first < this.#starts.length &&
      (this.#first < kept || (this.#starts[this.#first] ?? 0) <= since)
    ) {
      this.#first += 1
    }
    if (this.#first < 64 || this.#first * 2 < this.#starts.length) return
    this.#starts = this.#starts.slice(this.#first)
    this.#first = 0
  }
}
