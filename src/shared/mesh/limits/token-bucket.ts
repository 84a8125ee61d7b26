/** How much of something may come: so much a second, and so much at once after a pause. */
export interface Rate {
  perSecond: number
  burst: number
}

/**
 * A token bucket. It may be overdrawn: what came has come, and what is owed says how long to hold back before more is
 * welcome. Two additions and a comparison for each call; time is an argument, milliseconds that never go back.
 */
export class TokenBucket {
  #rate: Rate
  #tokens: number
  #at: number

  constructor(rate: Rate, now: number) {
    this.#rate = rate
    this.#tokens = rate.burst
    this.#at = now
  }

  /** Counts `amount`; what is owed then, 0 while within the rate. */
  take(amount: number, now: number): number {
    this.#refill(now)
    this.#tokens -= amount
    return this.#tokens < 0 ? -this.#tokens : 0
  }

  /** Counts `amount` if it is within the rate; false: it is not, and nothing was counted. */
  tryTake(amount: number, now: number): boolean {
    this.#refill(now)
    if (this.#tokens < amount) return false
    this.#tokens -= amount
    return true
  }

  /** Milliseconds until nothing is owed. */
  waitMs(now: number): number {
    this.#refill(now)
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.#rate.perSecond) * 1000
  }

  /** Another rate from now on; a larger one begins with its whole burst. */
  change(rate: Rate): void {
    this.#tokens = rate.burst > this.#rate.burst ? rate.burst : Math.min(this.#tokens, rate.burst)
    this.#rate = rate
  }

  #refill(now: number): void {
    if (now <= this.#at) return
    const { perSecond, burst } = this.#rate
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#at) / 1000) * perSecond)
    this.#at = now
  }
}
