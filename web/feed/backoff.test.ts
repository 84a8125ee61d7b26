import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reconnectDelay } from './backoff.ts'

describe('reconnectDelay', () => {
  it('starts short and doubles', () => {
    expect([0, 1, 2, 3].map(attempt => reconnectDelay(attempt, () => 0))).toEqual([250, 500, 1000, 2000])
  })

  it('stays between a quarter second and fifteen seconds whatever the attempt and the jitter', () => {
    fc.assert(
      fc.property(fc.nat(), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (attempt, r) => {
        const delay = reconnectDelay(attempt, () => r)
        expect(delay).toBeGreaterThanOrEqual(250)
        expect(delay).toBeLessThanOrEqual(15_000)
      }),
    )
  })
})
