import { describe, expect, it } from 'vitest'
import { ManualClock } from '../clock.ts'
import { AlarmClock } from './alarm-clock.ts'

describe('AlarmClock', () => {
  it('rings in the order of time, not of setting, and never what was taken back', async () => {
    const clock = new ManualClock()
    const alarms = new AlarmClock(clock)
    const rung: string[] = []
    alarms.in(300, () => rung.push('c'))
    const off = alarms.in(200, () => rung.push('b'))
    alarms.at(clock.now() + 100, () => rung.push('a'))
    alarms.off(off)
    await clock.advance(250)
    expect(rung).toEqual(['a'])
    await clock.advance(100)
    expect(rung).toEqual(['a', 'c'])
  })

  it('holds times far beyond what one timer of the platform can', async () => {
    const clock = new ManualClock()
    const alarms = new AlarmClock(clock)
    let rung = 0
    const days = 24 * 60 * 60 * 1000
    alarms.in(100 * days, () => rung++)
    await clock.advance(99 * days)
    expect(rung).toBe(0)
    await clock.advance(2 * days)
    expect(rung).toBe(1)
  })

  it('is silent once closed', async () => {
    const clock = new ManualClock()
    const alarms = new AlarmClock(clock)
    let rung = 0
    alarms.in(10, () => rung++)
    alarms.close()
    await clock.advance(20)
    expect(rung).toBe(0)
  })
})
