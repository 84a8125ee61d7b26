/**
 * How often a peer announces itself where every announcement reaches every peer: all together about 60 a minute, so that
 * what each peer receives is constant whatever their number.
 */
const PER_MINUTE = 60

/**
 * Milliseconds between two announcements of one peer of `peers` known ones, never less than `leastMs`. Grows with their
 * number without bound: beyond 900 peers it is longer than half of the usual time to live, which then has to grow with it.
 */
export function announceEveryMs(peers: number, leastMs: number): number {
  return Math.max(leastMs, (peers * 60_000) / PER_MINUTE)
}
