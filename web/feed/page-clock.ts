import type { Clock } from '../../src/shared/clock.ts'

/** The page's clock. */
export const pageClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms)
    return () => clearTimeout(timer)
  },
}
