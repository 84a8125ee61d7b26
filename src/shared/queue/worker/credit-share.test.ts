import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { shareCredits } from './credit-share.ts'

describe('shareCredits', () => {
  it('gives all to the own queue where nobody else is served', () => {
    expect(shareCredits(4, 0, [])).toEqual({ own: 4, others: [] })
  })

  it('gives what the own queue does not need to the others, evenly', () => {
    expect(shareCredits(5, 1, [0, 0])).toEqual({ own: 1, others: [2, 2] })
    expect(shareCredits(4, 9, [0, 0])).toEqual({ own: 4, others: [0, 0] })
  })

  it('takes nothing away from what runs', () => {
    expect(shareCredits(4, 9, [3, 0])).toEqual({ own: 1, others: [3, 0] })
  })

  it('never grants more than the capacity beyond what runs already', () => {
    const running = fc.array(fc.nat(8), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(fc.nat(32), fc.nat(64), running, (capacity, demand, counts) => {
        const { own, others } = shareCredits(capacity, demand, counts)
        const taken = counts.reduce((sum, count) => sum + count, 0)
        const granted = own + others.reduce((sum, count) => sum + count, 0)
        expect(granted).toBeLessThanOrEqual(Math.max(capacity, taken))
        for (const [index, count] of others.entries())
          expect(count).toBeGreaterThanOrEqual(counts[index] ?? 0)
      }),
    )
  })
})
