import { CLOCK_SKEW_MS } from '../peers/announcement-limits.ts'
import type { Check } from './check.ts'

/** Skew below this breaks nothing, milliseconds. */
const HARMLESS_MS = 30_000

/** What another clock said. */
export interface ClockSample {
  /** Epoch milliseconds, cut to whole units. */
  said: number
  /** Milliseconds of these units: an HTTP Date has whole seconds. */
  resolutionMs: number
  /** Epoch milliseconds of this side before it was asked, and when it had answered. */
  asked: number
  answered: number
}

/**
 * Milliseconds by which the other clock is ahead of this one (behind: below 0), as near to 0 as the sample allows: what its
 * answer may have waited for, and what was cut off, count for it. (Cristian's algorithm, with its bounds.)
 */
export function clockSkew({ said, resolutionMs, asked, answered }: ClockSample): number {
  const most = said + resolutionMs - asked
  const least = said - answered
  if (least > 0) return least
  return most < 0 ? most : 0
}

/** What a skew means for peers. Positive: the other clock is ahead. */
export function clockCheck(skewMs: number, whose: string): Check {
  const far = Math.abs(skewMs)
  if (far < HARMLESS_MS) {
    const summary =
      far < 1_000 ? `as that of ${whose}` : `${seconds(far)} ${side(skewMs)} that of ${whose}: harmless`
    return { name: 'clock', state: 'ok', summary: `this clock is ${summary}` }
  }
  const breaks = [
    'invites and tokens end too early or too late',
    ...(far >= CLOCK_SKEW_MS ? ['announcements are not believed, so peers do not find each other'] : []),
    ...(far >= 3_600_000 ? ['TLS and WebTransport certificates are refused'] : []),
  ]
  return {
    name: 'clock',
    state: far >= CLOCK_SKEW_MS ? 'failed' : 'warning',
    summary: `this clock is ${seconds(far)} ${side(skewMs)} that of ${whose}`,
    cause: 'clock',
    advice: `${breaks.join('; ')}. Set the clocks of both machines by NTP (\`timedatectl\` shows whether it runs).`,
  }
}

function side(skewMs: number): string {
  return skewMs > 0 ? 'behind' : 'ahead of'
}

function seconds(ms: number): string {
  if (ms < 120_000) return `${Math.round(ms / 1_000)} s`
  if (ms < 2 * 3_600_000) return `${Math.round(ms / 60_000)} min`
  return `${Math.round(ms / 3_600_000)} h`
}
