import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.ts'
import { RedeemRateLimitedError } from './errors.ts'

/** Secrets cannot be guessed; the limit keeps a broken or hostile caller from costing work and log lines. */
export const REDEEM_FAILURES_PER_WINDOW = 10
export const REDEEM_WINDOW_MS = 60_000
/** Callers remembered; the one heard of longest ago is forgotten first, so memory is bounded. */
export const REDEEM_CALLERS_REMEMBERED = 4096

interface Window {
  startedAt: number
  failures: number
}

/** Counts refused redeems by caller (a peer id or an address) in fixed windows. */
export class RedeemLimiter {
  readonly #clock: Clock
  readonly #windows = new LRUCache<string, Window>({ max: REDEEM_CALLERS_REMEMBERED })

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Throws `rate_limited` when the caller has failed too often in its window. */
  check(caller: string): void {
    const window = this.#current(caller)
    if (window === undefined || window.failures < REDEEM_FAILURES_PER_WINDOW) return
    throw new RedeemRateLimitedError(Math.ceil(window.startedAt + REDEEM_WINDOW_MS - this.#clock.monotonic()))
  }

  failed(caller: string): void {
    const window = this.#current(caller) ?? { startedAt: this.#clock.monotonic(), failures: 0 }
    this.#windows.set(caller, { ...window, failures: window.failures + 1 })
  }

  #current(caller: string): Window | undefined {
    const window = this.#windows.get(caller)
    return window && this.#clock.monotonic() - window.startedAt < REDEEM_WINDOW_MS ? window : undefined
  }
}
