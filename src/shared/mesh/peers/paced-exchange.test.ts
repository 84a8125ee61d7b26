import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../clock.ts'
import { EXCHANGES_OF_ONE, PacedExchange, REFUSALS_BEFORE_END } from './paced-exchange.ts'

describe('exchanges of peers', () => {
  it('are answered to each peer so often, whatever the others do', async () => {
    const clock = new ManualClock()
    let heard = 0
    const answer = () => {
      heard += 1
      return { announcements: [] }
    }
    const ended: string[] = []
    const exchange = new PacedExchange({ answer }, clock, from => ended.push(from))
    const ask = (from: string) => {
      exchange.admit(from)
      return exchange.answer(from, { announcements: [] })
    }
    for (let n = 0; n < EXCHANGES_OF_ONE.burst; n += 1) ask('hasty')
    for (let n = 0; n < REFUSALS_BEFORE_END - 1; n += 1)
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
    expect(ended).toEqual([])
  })

  it('end the session of a peer that goes on asking', () => {
    const ended: string[] = []
    const answer = () => ({ announcements: [] })
    const exchange = new PacedExchange({ answer }, new ManualClock(), from => ended.push(from))
    const refused = (times: number): void => {
      for (let n = 0; n < times; n += 1)
        expect(() => exchange.admit('deaf')).toThrow(expect.objectContaining({ code: 'rate_limited' }))
    }
    for (let n = 0; n < EXCHANGES_OF_ONE.burst; n += 1) exchange.admit('deaf')
    refused(REFUSALS_BEFORE_END - 1)
    expect(ended).toEqual([])
    refused(1)
    expect(ended).toEqual(['deaf'])
  })
})
