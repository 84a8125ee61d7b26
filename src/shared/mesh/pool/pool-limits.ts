export interface PoolLimits {
  /** A session that this side opened and nobody has used for so many milliseconds is closed. */
  idleMs: number
  /** Sessions that this side opened, and nobody uses now, at most: the one idle for longest goes first. */
  idleSessions: number
  /** Openings at once, of all peers together; more wait their turn. */
  openings: number
  /** Peers that are remembered for their last dials and failures. */
  peers: number
  /** Milliseconds that one opening may take in all. */
  openMs: number
  /** Milliseconds that a wish for a session waits unless it says otherwise. */
  waitMs: number
  /** First upper bound of the wait after a failure in milliseconds, doubled for each further one. */
  firstBackoffMs: number
  longestBackoffMs: number
  /** A session that lasted so many milliseconds makes the next failure count as the first. */
  steadyMs: number
  /** Milliseconds in which nothing opens a session by itself with a peer that was dropped. */
  afterDropMs: number
}

export const DEFAULT_POOL_LIMITS: PoolLimits = {
  idleMs: 5 * 60_000,
  idleSessions: 256,
  openings: 64,
  peers: 2000,
  openMs: 30_000,
  waitMs: 30_000,
  firstBackoffMs: 500,
  longestBackoffMs: 30_000,
  steadyMs: 10_000,
  afterDropMs: 5_000,
}
