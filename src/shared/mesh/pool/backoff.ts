import type { Clock } from '../../clock.ts'
import type { SessionEnd } from '../session-contract.ts'
import type { PoolLimits } from './pool-limits.ts'

export interface BackoffInit {
  clock: Clock
  /** In [0, 1). */
  random: () => number
  limits: Pick<PoolLimits, 'firstBackoffMs' | 'longestBackoffMs'>
}

/**
 * How long to leave a peer alone after failures: exponential backoff with full jitter (AWS Architecture Blog,
 * "Exponential Backoff And Jitter").
 */
export class Backoff {
  readonly #init: BackoffInit
  #failures = 0
  #until = 0
  #reason: SessionEnd | undefined

  constructor(init: BackoffInit) {
    this.#init = init
  }

  /** Of the last failure, unless it worked since. */
  get reason(): SessionEnd | undefined {
    return this.#reason
  }

  /** Milliseconds until the next try is due. */
  get remainingMs(): number {
    return Math.max(0, this.#until - this.#init.clock.monotonic())
  }

  failed(reason: SessionEnd): void {
    const { clock, random, limits } = this.#init
    const most = Math.min(limits.longestBackoffMs, limits.firstBackoffMs * 2 ** this.#failures)
    this.#failures += 1
    this.#until = clock.monotonic() + random() * most
    this.#reason = reason
  }

  worked(): void {
    this.#failures = 0
    this.#until = 0
    this.#reason = undefined
  }
}
