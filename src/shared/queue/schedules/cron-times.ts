import { Cron } from 'croner'
import { InvalidInputError } from '../../errors.ts'

const ALLOWED =
  'five fields (minute, hour, day of month, month, day of week), six with seconds before them, or @hourly, @daily, ' +
  '@weekly, @monthly, @yearly'

/**
 * The times that a cron expression names in a time zone, at most one a second. At a change of the clocks it follows
 * Vixie cron: a job at a fixed time runs once when that time comes twice, and right after the gap when it is left out;
 * one at intervals goes on through the repeated hour, and leaves out what does not exist.
 *
 * Throws `invalid_input` for `/cron` or `/timezone`, also when the expression names no time at all.
 */
export class CronTimes {
  readonly #cron: Cron

  /** @param timezone IANA name */
  constructor(pattern: string, timezone: string) {
    ensureTimezone(timezone)
    const fields = pattern.trim().split(/\s+/)
    // The library would take a date for a pattern that fires once.
    if (fields.length !== 5 && fields.length !== 6 && !/^@[a-z]+$/i.test(pattern)) {
      throw new InvalidInputError('/cron', pattern, ALLOWED)
    }
    try {
      this.#cron = new Cron(pattern, { timezone, mode: '5-or-6-parts' })
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new InvalidInputError('/cron', pattern, `${ALLOWED} (${why})`)
    }
    if (this.next(0) === undefined) throw new InvalidInputError('/cron', pattern, 'a time that ever comes')
  }

  /** The first of its times after `after`, both epoch milliseconds. */
  next(after: number): number | undefined {
    return this.#cron.nextRun(new Date(after))?.getTime()
  }

  /** The last of its times at or before `at`, both epoch milliseconds. */
  latest(at: number): number | undefined {
    const second = Math.floor(at / 1_000) * 1_000
    return this.#cron.previousRuns(1, new Date(second + 1_000))[0]?.getTime()
  }
}

function ensureTimezone(timezone: string): void {
  try {
    // Intl also takes offsets, which know no daylight saving and are no names.
    if (/^[A-Za-z]/.test(timezone)) return void new Intl.DateTimeFormat('en', { timeZone: timezone })
  } catch {}
  throw new InvalidInputError('/timezone', timezone, 'an IANA time zone, as Europe/Berlin or UTC')
}
