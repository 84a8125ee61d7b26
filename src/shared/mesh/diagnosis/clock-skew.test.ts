import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clockCheck, clockSkew } from './clock-skew.ts'

describe('the clock of another peer', () => {
  it('is never said to be further off than it is, whatever the answer waited for and was cut to', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1e8, max: 1e8 }),
        fc.nat({ max: 5_000 }),
        fc.nat({ max: 5_000 }),
        fc.nat({ max: 1e6 }),
        (skew, there, back, start) => {
          const resolutionMs = 1_000
          const asked = 1_800_000_000_000 + start
          const exact = asked + there + skew
          const said = exact - (exact % resolutionMs)
          const found = clockSkew({ said, resolutionMs, asked, answered: asked + there + back })
          expect(Math.abs(found)).toBeLessThanOrEqual(Math.abs(skew))
          expect(Math.abs(found - skew)).toBeLessThanOrEqual(there + back + resolutionMs)
        },
      ),
    )
  })

  it('breaks nothing, some things, or all', () => {
    expect(clockCheck(0, 'the peer')).toMatchObject({ state: 'ok' })
    expect(clockCheck(29_000, 'the peer')).toMatchObject({
      state: 'ok',
      summary: expect.stringContaining('29 s behind'),
    })
    expect(clockCheck(-60_000, 'the peer')).toMatchObject({
      state: 'warning',
      advice: expect.stringContaining('invites'),
    })
    const far = clockCheck(-2 * 3_600_000, 'the peer')
    expect(far).toMatchObject({
      state: 'failed',
      cause: 'clock',
      summary: 'this clock is 2 h ahead of that of the peer',
    })
    expect(far.advice).toMatch(/announcements.*certificates.*NTP/)
  })
})
