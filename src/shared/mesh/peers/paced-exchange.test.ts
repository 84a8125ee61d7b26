import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../clock.ts'
import { EXCHANGES_OF_ONE, PacedExchange } from './paced-exchange.ts'

describe('exchanges of peers', () => {
  it('are answered to each peer so often, whatever the others do', async () => {
    const clock = new ManualClock()
    let heard = 0
    const answer = () => {
      heard += 1
      return { announcements: [] }
    }
    const exchange = new PacedExchange({ answer }, clock)
    const ask = (from: string) => exchange.answer(from, { announcements: [] })
    for (let n = 0; n < EXCHANGES_OF_ONE.burst; n += 1) ask('hasty')
    for (let n = 0; n < 1000; n += 1)
      expect(() => ask('hasty')).toThrow(
        expect.objectContaining({
          code: 'rate_limited',
          details: expect.objectContaining({ retry_after_ms: 1000 }),
        }),
      )
    expect(heard).toBe(EXCHANGES_OF_ONE.burst)
    expect(ask('calm')).toEqual({ announcements: [] })
    await clock.advance(1000)
    expect(ask('hasty')).toEqual({ announcements: [] })
    expect(() => ask('hasty')).toThrow(expect.objectContaining({ code: 'rate_limited' }))
  })
})
