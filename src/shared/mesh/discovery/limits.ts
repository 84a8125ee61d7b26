export interface DiscoveryLimits {
  /** Milliseconds that one look or publication may take. */
  attemptMs: number
  /** What one look may give; the rest is left. */
  foundPerLook: number
  /** What a listening source may have waiting to be heard; more is dropped. */
  waitingToBeHeard: number
  /** Milliseconds within which first looks begin after the start. */
  firstLookMs: number
  /** Longest wait after failures, milliseconds; the first upper bound, doubled for each further one. */
  longestBackoffMs: number
  firstBackoffMs: number
  /** A look or publication that a client or a part asks for is not repeated before so many milliseconds. */
  lookGapMs: number
  /** The same for the search of one peer; peers whose last search is remembered. */
  searchGapMs: number
  searchesRemembered: number
  /** Least milliseconds between two publications by one source, however often the words change. */
  publishGapMs: number
  /** Milliseconds within which sources try again when there may be a network again. */
  wakeMs: number
  /** Milliseconds for taking back what was published when the peer leaves. */
  withdrawMs: number
  /** Addresses without a peer id that are asked whose they are: in one look, at once, remembered. */
  unnamedPerLook: number
  unnamedAtOnce: number
  unnamedRemembered: number
  /** Milliseconds for one of them, and until it is asked again. */
  unnamedMs: number
  unnamedAgainMs: number
}

export const DEFAULT_DISCOVERY_LIMITS: DiscoveryLimits = {
  attemptMs: 30_000,
  foundPerLook: 1000,
  waitingToBeHeard: 256,
  firstLookMs: 250,
  longestBackoffMs: 30 * 60_000,
  firstBackoffMs: 1000,
  lookGapMs: 5000,
  searchGapMs: 10_000,
  searchesRemembered: 1024,
  publishGapMs: 10_000,
  wakeMs: 5000,
  withdrawMs: 2000,
  unnamedPerLook: 16,
  unnamedAtOnce: 4,
  unnamedRemembered: 256,
  unnamedMs: 10_000,
  unnamedAgainMs: 10 * 60_000,
}
