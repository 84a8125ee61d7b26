import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TokenBucket } from './token-bucket.ts'

describe('a token bucket', () => {
  it('never lets through more than the burst and its rate over any time', () => {
    const step = fc.record({
      pause: fc.integer({ min: 0, max: 5000 }),
      amount: fc.integer({ min: 1, max: 50 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), steps => {
        const bucket = new TokenBucket({ perSecond: 10, burst: 40 }, 0)
        let now = 0
        let within = 0
        for (const { pause, amount } of steps) {
          now += pause
          if (bucket.waitMs(now) === 0 && bucket.take(amount, now) === 0) within += amount
          expect(within).toBeLessThanOrEqual(40 + now / 100 + 1e-6)
        }
      }),
    )
  })

  it('says what is owed and how long to wait for it', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 5 }, 1000)
    expect([bucket.take(5, 1000), bucket.waitMs(1000)]).toEqual([0, 0])
    expect(bucket.take(20, 1000)).toBe(20)
    expect(bucket.waitMs(1000)).toBe(2000)
    expect(bucket.waitMs(2500)).toBe(500)
    expect(bucket.waitMs(3000)).toBe(0)
  })

  it('does not mind a clock that stands, nor one that goes back', () => {
    const bucket = new TokenBucket({ perSecond: 1, burst: 1 }, 10)
    expect(bucket.take(1, 10)).toBe(0)
    expect(bucket.take(1, 0)).toBe(1)
  })

  it('begins a larger rate whole, and is not refilled by a smaller one', () => {
    const bucket = new TokenBucket({ perSecond: 1, burst: 10 }, 0)
    bucket.take(10, 0)
    bucket.change({ perSecond: 1, burst: 5 })
    expect(bucket.take(1, 0)).toBe(1)
    bucket.change({ perSecond: 1, burst: 100 })
    expect(bucket.take(100, 0)).toBe(0)
  })
})
