import type { Clock } from '../clock.ts'

export interface Coalesced {
  /** Something changed: `fn` runs at once if it has not lately, else at the end of the interval. */
  touch(): void
  /** Ends it; a trailing run that is due no longer comes. */
  stop(): void
}

/**
 * Runs `fn` after changes, at most once in `intervalMs`. The last change is never lost: a change within the
 * interval is followed by a run at its end.
 */
export function coalesce(clock: Clock, intervalMs: number, fn: () => void): Coalesced {
  let cancelTimer: (() => void) | undefined
  let changed = false
  let stopped = false

  const run = (): void => {
    changed = false
    cancelTimer = clock.after(intervalMs, () => {
      cancelTimer = undefined
      if (changed) run()
    })
    fn()
  }

  return {
    touch() {
      if (stopped) return
      if (cancelTimer === undefined) run()
      else changed = true
    },
    stop() {
      stopped = true
      cancelTimer?.()
    },
  }
}
