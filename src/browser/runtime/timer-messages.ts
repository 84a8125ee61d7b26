/** What a page asks of its timer worker, and what comes back when the time is over. */
export type ToTimer = { kind: 'set'; timer: number; ms: number } | { kind: 'clear'; timer: number }
export type FromTimer = { timer: number }

export function isFromTimer(value: unknown): value is FromTimer {
  return typeof value === 'object' && value !== null && 'timer' in value && Number.isInteger(value.timer)
}
