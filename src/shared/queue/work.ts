import type { Json, Progress } from '../tools/tool.ts'
import type { AttemptHooks, Outcome } from './task.ts'

/** The right to run one attempt, as it travels in `_meta["toolmesh/lease"]` of `tools/call`. */
export interface Lease {
  task_id: string
  attempt: number
  fence: number
  lease_ms: number
  /** Milliseconds that the attempt may take (its own limit, or less where the task's deadline is nearer). */
  deadline_ms: number
}

/** Which lease, among all that a peer was ever granted by one owner. */
export type LeaseId = Pick<Lease, 'task_id' | 'fence'>

/** One leased attempt as the owner hands it to a worker. */
export interface Assignment {
  lease: Lease
  tool: string
  input: Json
}

/** What `toolmesh/announce` says. */
export interface Announcement {
  /** Random for each run of a peer; survives a reconnect. */
  instance_id: string
  tools: { tool: string; interface_cid: string; code_cid: string }[]
  labels: string[]
  /** Attempts that the owner may have running on this worker at once. */
  credits: number
}

/** A lease that a worker still runs, as `toolmesh/renew` answers. */
export interface LiveLease {
  task_id: string
  fence: number
  progress?: Progress
}

/** An outcome that could not be answered on its call, as `toolmesh/complete` reports it from the outbox. */
export interface OutcomeReport {
  task_id: string
  fence: number
  instance_id: string
  outcome: Outcome
}

export type OutcomeVerdict = 'committed' | 'duplicate' | 'stale_fence'

/**
 * The owner's side of one worker: a peer's session, or the node's own worker threads.
 * A drop of the link rejects what is under way with `LinkLostError`; the attempt itself may go on.
 */
export interface WorkerLink {
  readonly peer_id: string
  /** Runs one attempt; resolves with its outcome, tool failures included. */
  run(assignment: Assignment, hooks: AttemptHooks): Promise<Outcome>
  /**
   * The lease is over: stops its attempt, whichever way it came to the worker. A `run` that is under way for it resolves
   * when the worker confirms, so that what is free here is free there.
   */
  cancel(lease: LeaseId, reason: string): void
  /** Which leases the worker still runs. */
  renew(signal: AbortSignal): Promise<LiveLease[]>
  /** The outcome that `run` gave has its verdict in the store: the worker need not keep it. */
  settled(lease: LeaseId, verdict: OutcomeVerdict): void
  /** There is work again for a worker whose last claim got less than it asked for; only for those that pull. */
  workWaits?(): void
}

/** What the owner of a queue offers to its workers; the peer endpoint calls it for each session. */
export interface WorkOwner {
  /** First announcement of a link, or a change of it. A known instance takes its leases back. */
  announce(link: WorkerLink, announcement: Announcement): { accepted: number; lease_ms: number }
  complete(peerId: string, reports: OutcomeReport[]): Promise<OutcomeVerdict[]>
  /** For a worker that can only pull: leases at most `max` tasks to it. */
  claim(link: WorkerLink, max: number): Promise<Assignment[]>
  /** The peer still runs these (none named: all that it holds): renews those that are still its own, and returns them. */
  heartbeat(peerId: string, leases?: readonly LeaseId[]): LeaseId[]
  /** The link's session ended: its leases have the grace left. */
  dropped(link: WorkerLink): void
}

/** The worker's side: what a peer that runs attempts for owners offers to the peer endpoint. */
export interface Worker {
  /** Runs one attempt for `owner`; the outcome stays in the outbox until `settled` or a verdict. */
  run(owner: string, assignment: Assignment, hooks: AttemptHooks, signal?: AbortSignal): Promise<Outcome>
  /** Cancels an attempt that runs, whichever session it came by; false where it is not running here. */
  cancel(owner: string, lease: LeaseId, reason: Error): boolean
  /** The owner has taken a verdict on the outcomes that `run` gave of these. */
  settled(owner: string, leases: readonly LeaseId[]): void
  live(owner: string): LiveLease[]
}
