/**
 * How often a peer announces itself where every announcement reaches every peer: all together about 60 a minute, so that
 * what each peer receives is constant whatever their number.
 */
const PER_MINUTE = 60

/**
 * Milliseconds between two announcements of one peer of `peers` known ones, never less than `leastMs`. Grows with their
 * number without bound: beyond 900 peers it is longer than half of the usual time to live, which then has to grow with it
 * (`announcementTtlMs`).
 */
export function announceEveryMs(peers: number, leastMs: number): number {
  return Math.max(leastMs, (peers * 60_000) / PER_MINUTE)
}

/** How long an announcement has to hold so that the next one comes in time, even if one of them is lost; milliseconds. */
export function announcementTtlMs(peers: number, usualMs: number): number {
  return Math.max(usualMs, 3 * announceEveryMs(peers, 0))
}
