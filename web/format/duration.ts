const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** A length of time for a person: `0.8 ms`, `42 ms`, `3.2 s`, `4 m 05 s`, `2 h 10 m`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return '–'
  const value = Math.max(0, ms)
  if (value < 9.95) return `${trimZero(value.toFixed(1))} ms`
  if (value < 999.5) return `${Math.round(value)} ms`
  if (value < 59_950) return `${(value / SECOND).toFixed(1)} s`
  const seconds = Math.round(value / SECOND)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${pad(seconds % 60)} s`
  if (value < DAY) return `${Math.floor(value / HOUR)} h ${pad(Math.floor((value % HOUR) / MINUTE))} m`
  return `${Math.floor(value / DAY)} d ${Math.floor((value % DAY) / HOUR)} h`
}

/** A running time, in whole seconds so that it does not flicker: `3 s`, `4 m 05 s`, `2 h 10 m`. */
export function formatElapsed(ms: number): string {
  const whole = Math.max(0, Math.floor(ms / SECOND)) * SECOND
  return whole < MINUTE ? `${whole / SECOND} s` : formatDuration(whole)
}

function trimZero(text: string): string {
  return text.endsWith('.0') ? text.slice(0, -2) : text
}

function pad(value: number): string {
  return String(value).padStart(2, '0')
}
