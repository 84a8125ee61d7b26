import type { DialReport } from '../dialling/dial-report.ts'
import type { Session, SessionEnd } from '../session-contract.ts'

export interface UseOptions {
  signal: AbortSignal
  /** Where the peer may be beside what is known of it, best first. */
  addresses?: readonly string[]
  /** Milliseconds that the wait for a session may take. A wait for the next try that is longer fails at once. Default 30,000. */
  waitMs?: number
}

export interface KeepOptions {
  /** Where the peer may be beside what the peer book says, best first; asked again before each round of dials. */
  addresses?: () => readonly string[] | Promise<readonly string[]>
  onState: (state: KeptState) => void
  /** Ends it; the session then closes when nobody else uses it. */
  signal: AbortSignal
}

export type KeptState =
  | { phase: 'connecting' }
  | { phase: 'online'; session: Session }
  /** `retryAt` in epoch milliseconds. */
  | { phase: 'waiting'; retryAt: number; reason: SessionEnd }
  | { phase: 'stopped'; reason: SessionEnd }

export interface KeptConnection {
  readonly state: KeptState
  /** There may be a network again: what waits is tried at once, from the shortest wait on. */
  wake(): void
}

/** Since start. `reuse` is the share of uses that found a session open, 0 to 1. */
export interface PoolMetrics {
  open: number
  uses: number
  reuse: number
  opens: number
  /** Failures to open, by error code. */
  failures: Record<string, number>
  /** Ends of sessions, by their code (`idle`, `unavailable`, …). */
  ends: Record<string, number>
  /** Milliseconds from the wish for a session to the session, of those that were opened: median and 99th percentile of the last 1,000. */
  open_ms: { p50: number | null; p99: number | null }
}

/** One session for a pair of peers: opened on demand, kept while used, closed when idle. */
export interface SessionPool {
  /**
   * Runs `work` on the session with a peer, which is opened for it where there is none; it is not idle before `work` ends.
   * The wait for a session and the work keep the caller's deadline. Throws `unavailable` (no address answers, or the last tries
   * failed and the next is not due), `not_found` (no address is known), `forbidden`, and what `work` throws.
   */
  use<T>(peerId: string, options: UseOptions, work: (session: Session) => Promise<T>): Promise<T>
  /** Keeps a session open, and opens it again with backoff and jitter whenever it is lost. */
  keep(peerId: string, options: KeepOptions): KeptConnection
  /** Closes the session with a peer, if any, and lets nothing open it by itself for a moment. */
  drop(peerId: string, reason?: SessionEnd): Promise<void>
  metrics(): PoolMetrics
  /** What became of each address in the last round of dials to a peer. */
  lastDials(peerId: string): readonly DialReport[]
  onDial(listener: (report: DialReport) => void): () => void
}
