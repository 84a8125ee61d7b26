import type { Clock } from '../clock.ts'

/** Failures of the runtime in a row that open the breaker: one may be chance, three are not. */
export const BREAKER_FAILURES = 3
/** Milliseconds until an opened breaker lets one call through; doubles with each that fails, up to the maximum. */
export const BREAKER_BACKOFF_MS = 1_000
export const BREAKER_MAX_BACKOFF_MS = 60_000

/**
 * Circuit breaker of one runtime (Nygard, Release It!): closed it lets calls through; after failures in a row
 * it opens; after a backoff it is half-open and lets a single call try.
 */
export class Breaker {
  readonly #clock: Clock
  #failures = 0
  #opens = 0
  #openUntil = 0
  #trying = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get state(): 'closed' | 'open' | 'half_open' {
    if (this.#opens === 0) return 'closed'
    return this.#clock.monotonic() < this.#openUntil ? 'open' : 'half_open'
  }

  /** Whether a call may be made now. */
  allows(): boolean {
    return this.state === 'closed' || (this.state === 'half_open' && !this.#trying)
  }

  /** A call is made; in the half-open state it is the one that tries. */
  began(): void {
    if (this.state === 'half_open') this.#trying = true
  }

  /** The runtime did its part, whatever the tool answered. */
  succeeded(): void {
    this.#failures = 0
    this.#opens = 0
    this.#trying = false
  }

  /** The call was not taken: says nothing about the runtime's health. */
  refused(): void {
    this.#trying = false
  }

  failed(): void {
    this.#trying = false
    this.#failures += 1
    if (this.#failures < BREAKER_FAILURES) return
    const backoff = Math.min(BREAKER_BACKOFF_MS * 2 ** this.#opens, BREAKER_MAX_BACKOFF_MS)
    this.#opens += 1
    this.#openUntil = this.#clock.monotonic() + backoff
  }
}
