import { describe, expect, it } from 'vitest'
import { ManualClock } from '../clock.ts'
import { BREAKER_BACKOFF_MS, BREAKER_FAILURES, BREAKER_MAX_BACKOFF_MS, Breaker } from './breaker.ts'

function openBreaker(): { breaker: Breaker; clock: ManualClock } {
  const clock = new ManualClock()
  const breaker = new Breaker(clock)
  for (let n = 0; n < BREAKER_FAILURES; n++) breaker.failed()
  return { breaker, clock }
}

describe('Breaker', () => {
  it('stays closed while successes come between the failures', () => {
    const breaker = new Breaker(new ManualClock())
    for (let n = 0; n < 10; n++) {
      breaker.failed()
      breaker.failed()
      breaker.succeeded()
    }
    expect(breaker.state).toBe('closed')
  })

  it('opens after failures in a row, and lets one call try after the backoff', async () => {
    const { breaker, clock } = openBreaker()
    expect(breaker.allows()).toBe(false)
    await clock.advance(BREAKER_BACKOFF_MS)
    expect(breaker.state).toBe('half_open')
    expect(breaker.allows()).toBe(true)
    breaker.began()
    expect(breaker.allows()).toBe(false)
  })

  it('closes when the try succeeds', async () => {
    const { breaker, clock } = openBreaker()
    await clock.advance(BREAKER_BACKOFF_MS)
    breaker.began()
    breaker.succeeded()
    expect(breaker.state).toBe('closed')
  })

  it('lets another call try when the first was only refused', async () => {
    const { breaker, clock } = openBreaker()
    await clock.advance(BREAKER_BACKOFF_MS)
    breaker.began()
    breaker.refused()
    expect(breaker.allows()).toBe(true)
  })

  it('waits longer after each try that fails, up to a limit', async () => {
    const { breaker, clock } = openBreaker()
    await clock.advance(BREAKER_BACKOFF_MS)
    breaker.began()
    breaker.failed()
    await clock.advance(BREAKER_BACKOFF_MS)
    expect(breaker.state).toBe('open')
    await clock.advance(BREAKER_BACKOFF_MS)
    expect(breaker.state).toBe('half_open')
    for (let n = 0; n < 20; n++) breaker.failed()
    await clock.advance(BREAKER_MAX_BACKOFF_MS)
    expect(breaker.state).toBe('half_open')
  })
})
