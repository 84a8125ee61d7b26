import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CronTimes } from './cron-times.ts'

function times(pattern: string, timezone: string, from: string, count: number): string[] {
  const cron = new CronTimes(pattern, timezone)
  const found: string[] = []
  for (let at = cron.next(Date.parse(from)); at !== undefined && found.length < count; at = cron.next(at)) {
    found.push(new Date(at).toISOString())
  }
  return found
}

describe('CronTimes', () => {
  it.each([
    ['*/20 * * * *', ['2026-01-31T00:20:00.000Z', '2026-01-31T00:40:00.000Z']],
    ['*/20 * * * * *', ['2026-01-31T00:00:20.000Z', '2026-01-31T00:00:40.000Z']],
    ['@hourly', ['2026-01-31T01:00:00.000Z', '2026-01-31T02:00:00.000Z']],
    ['0 9 * * MON-FRI', ['2026-02-02T09:00:00.000Z', '2026-02-03T09:00:00.000Z']],
  ])('reads %s', (pattern, expected) => {
    expect(times(pattern, 'UTC', '2026-01-31T00:00:00Z', 2)).toEqual(expected)
  })

  it('knows the ends of months and leap years', () => {
    expect(times('0 0 31 * *', 'UTC', '2026-01-31T00:00:00Z', 2)).toEqual([
      '2026-03-31T00:00:00.000Z',
      '2026-05-31T00:00:00.000Z',
    ])
    expect(times('0 0 L * *', 'UTC', '2028-01-31T00:00:00Z', 2)).toEqual([
      '2028-02-29T00:00:00.000Z',
      '2028-03-31T00:00:00.000Z',
    ])
    expect(times('0 0 29 2 *', 'UTC', '2026-01-01T00:00:00Z', 1)).toEqual(['2028-02-29T00:00:00.000Z'])
  })

  it('runs at a fixed time once a day, whether the clocks leave it out or show it twice', () => {
    // 29 March 2026 02:00 CET → 03:00 CEST; 25 October 2026 03:00 CEST → 02:00 CET.
    expect(times('30 2 * * *', 'Europe/Berlin', '2026-03-28T00:00:00Z', 3)).toEqual([
      '2026-03-28T01:30:00.000Z',
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:30:00.000Z',
    ])
    expect(times('30 2 * * *', 'Europe/Berlin', '2026-10-24T00:00:00Z', 3)).toEqual([
      '2026-10-24T00:30:00.000Z',
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ])
  })

  it('goes on at its interval while the clocks change', () => {
    for (const from of ['2026-03-29T00:00:00Z', '2026-10-25T00:00:00Z']) {
      const found = times('30 * * * *', 'Europe/Berlin', from, 4).map(Date.parse)
      expect(found.map(at => at - Date.parse(from))).toEqual(
        [0.5, 1.5, 2.5, 3.5].map(hours => hours * 3_600_000),
      )
    }
  })

  it.each([
    '',
    '* * * *',
    '* * * * * * *',
    '60 * * * *',
    'every day',
    '@reboot',
    '2026-01-01T00:00:00',
    '0 0 30 2 *',
    '0 0 31 4,6,9,11 *',
  ])('refuses %j and says what is allowed', pattern => {
    expect(() => new CronTimes(pattern, 'UTC')).toThrow(
      expect.objectContaining({
        code: 'invalid_input',
        details: expect.objectContaining({ field: '/cron' }),
      }),
    )
  })

  it.each(['Mars/Olympus', '+02:00', ''])('refuses the time zone %j', timezone => {
    expect(() => new CronTimes('@daily', timezone)).toThrow(
      expect.objectContaining({ details: expect.objectContaining({ field: '/timezone' }) }),
    )
  })

  it('finds backwards what it finds forwards', () => {
    const patterns = [
      '30 2 * * *',
      '*/7 * * * *',
      '15 1-3 * * *',
      '0 0 L * *',
      '*/20 */13 2 * * *',
      '0 12 1 * MON',
    ]
    const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu']
    fc.assert(
      fc.property(
        fc.constantFrom(...patterns),
        fc.constantFrom(...zones),
        fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2027, 0, 1) }),
        (pattern, zone, at) => {
          const cron = new CronTimes(pattern, zone)
          const latest = cron.latest(at) ?? Number.NaN
          expect(latest).toBeLessThanOrEqual(at)
          expect(cron.next(latest)).toBeGreaterThan(at)
          expect(cron.next(latest - 1)).toBe(latest)
        },
      ),
    )
  })
})
