import type { LeaseId } from '../../queue/work.ts'

/** One worker and what it did since it came. */
export interface WorkerStats {
  peer_id: string
  /** Attempts that run there now, of at most `credits`. */
  running: number
  credits: number
  succeeded: number
  failed: number
  /** Attempts whose lease was lost. */
  lost: number
  labels: readonly string[]
  /** How many tools it offers. */
  tools: number
  /** Since when it is here, epoch milliseconds. */
  since: number
  /** Of its latest attempts; absent before the first ended. */
  mean_ms?: number
  p50_ms?: number
  p99_ms?: number
}

/** What one worker can run now. */
export interface WorkerOffering {
  readonly peer_id: string
  readonly labels: ReadonlySet<string>
  /** code_cid by tool name. */
  readonly tools: ReadonlyMap<string, string>
  readonly running: number
  readonly credits: number
}

/** What a worker may say of itself anew. */
export interface WorkerChange {
  credits?: number
  labels?: string[]
}

/** What the tools of workers need: those of this queue, this node's own among them. */
export interface WorkersPort {
  workers(): readonly WorkerStats[]
  offers(): Iterable<WorkerOffering>
  /** Throws `not_found` for a peer that has not announced itself, `invalid_input`. */
  adjust(peerId: string, change: WorkerChange): { credits: number; labels: string[] }
  /** Renews leases of a worker, all that it holds unless some are named; answers those that are still its own. */
  heartbeat(peerId: string, leases?: readonly LeaseId[]): readonly LeaseId[]
  /** Milliseconds that a lease lasts without being renewed. */
  readonly leaseMs: number
}
