import { LeaseMap } from '../../queue/lease-map.ts'
import type { AttemptHooks, Outcome } from '../../queue/task.ts'
import type { Assignment, LeaseId, OutcomeReport, OutcomeVerdict } from '../../queue/work.ts'
import type { SentAssignment } from './batch-messages.ts'
import { takeBatch } from './message-batch.ts'
import type { PeerClient } from './peer-client.ts'
import { cancelResult, MAX_BATCH, progressParams, runResult } from './protocol.ts'
import type { ReportedBatch } from './reported-batch.ts'

/** Milliseconds that a worker may take to say that it has a batch: its inputs may be a large blob. */
const TAKEN_TIMEOUT_MS = 120_000
const CANCEL_TIMEOUT_MS = 30_000

interface Attempt {
  readonly assignment: Assignment
  readonly hooks: AttemptHooks
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (error: unknown) => void
  /**
   * A cancel must not reach the worker before what it cancels: it waits until the worker has taken that. An attempt that
   * its worker reported has ended, and stays until the store has a verdict on it.
   */
  state: 'unsent' | 'sent' | 'taken' | 'ended'
  isCancelled: boolean
  /** Where the verdict on its outcome is waited for. */
  report: { batch: ReportedBatch; index: number } | undefined
}

/**
 * The attempts that a worker on the other end of a session runs for us by `toolmesh/run`: those that are handed over in
 * one tick travel in one message, and their outcomes come back by the worker's `toolmesh/complete`.
 */
export class RemoteAttempts {
  readonly #client: PeerClient
  readonly #attempts = new LeaseMap<Attempt>()
  #unsent: Attempt[] = []
  #cancels: Attempt[] = []
  #stops: LeaseId[] = []

  constructor(client: PeerClient) {
    this.#client = client
  }

  run(assignment: Assignment, hooks: AttemptHooks): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const attempt: Attempt = {
        assignment,
        hooks,
        resolve,
        reject,
        state: 'unsent',
        isCancelled: false,
        report: undefined,
      }
      this.#attempts.set(assignment.lease, attempt)
      if (this.#unsent.length === 0) queueMicrotask(() => this.#send())
      this.#unsent.push(attempt)
    })
  }

  /** Asks the worker to stop an attempt, whichever session it came by. */
  cancel(lease: LeaseId, reason: string): void {
    const attempt = this.#attempts.get(lease)
    if (attempt === undefined) {
      this.#stop(lease)
      return
    }
    if (attempt.isCancelled || attempt.state === 'ended') return
    attempt.isCancelled = true
    if (attempt.state === 'taken') this.#planCancel(attempt)
    else if (attempt.state === 'unsent') this.#forget(attempt).resolve(cancelledBy(reason))
  }

  /**
   * The worker reports an outcome, whose verdict will be the one of the batch at `index`; false for one that is not under
   * way here.
   */
  ended(report: OutcomeReport, batch: ReportedBatch, index: number): boolean {
    const attempt = this.#attempts.get(report)
    if (attempt === undefined || attempt.state === 'ended') return false
    attempt.state = 'ended'
    attempt.report = { batch, index }
    attempt.resolve(report.outcome)
    return true
  }

  /** The store has a verdict on a reported outcome; false where none waits for it. */
  settled(lease: LeaseId, verdict: OutcomeVerdict): boolean {
    const report = this.#attempts.get(lease)?.report
    if (report === undefined) return false
    this.#attempts.delete(lease)
    report.batch.settle(report.index, verdict)
    return true
  }

  /** What the worker tells of attempts that run; of others it is not heard. */
  heard(params: unknown): void {
    const parsed = progressParams.safeParse(params)
    if (!parsed.success) return
    for (const { progress, logs = [], ...lease } of parsed.data.attempts) {
      const attempt = this.#attempts.get(lease)
      if (attempt === undefined || attempt.state === 'ended') continue
      if (progress !== undefined) attempt.hooks.onProgress?.(progress)
      for (const line of logs) attempt.hooks.onLog?.(line)
    }
  }

  /** The session has ended: no outcome comes by it any more. */
  lost(error: Error): void {
    this.#unsent = []
    this.#cancels = []
    this.#stops = []
    for (const attempt of [...this.#attempts.values()]) this.#fail(attempt, error)
  }

  #send(): void {
    // Without those that were cancelled in this same tick.
    const unsent = this.#unsent.filter(attempt => this.#isUnderWay(attempt))
    this.#unsent = []
    while (unsent.length > 0) void this.#hand(takeBatch(unsent, ({ assignment }) => assignment.input))
  }

  async #hand(batch: Attempt[]): Promise<void> {
    for (const attempt of batch) attempt.state = 'sent'
    const assignments = batch.map(({ assignment: { lease, tool, input }, hooks }): SentAssignment => {
      return hooks.onLog === undefined ? { lease, tool, input } : { lease, tool, input, logs: true }
    })
    try {
      const timeoutMs = TAKEN_TIMEOUT_MS
      await this.#client.request('toolmesh/run', { assignments }, runResult, { timeoutMs })
    } catch (error) {
      for (const attempt of batch) this.#fail(attempt, error)
      return
    }
    for (const attempt of batch) {
      if (attempt.state !== 'sent') continue
      attempt.state = 'taken'
      if (attempt.isCancelled) this.#planCancel(attempt)
    }
  }

  /** An attempt of which no outcome was reported ends without one. */
  #fail(attempt: Attempt, error: unknown): void {
    if (this.#isUnderWay(attempt)) this.#forget(attempt).reject(error)
  }

  #planCancel(attempt: Attempt): void {
    if (this.#cancels.length === 0) queueMicrotask(() => this.#sendCancels())
    this.#cancels.push(attempt)
  }

  #sendCancels(): void {
    const cancels = this.#cancels
    this.#cancels = []
    while (cancels.length > 0) void this.#askToCancel(cancels.splice(0, MAX_BATCH))
  }

  /** The worker answers with what it does not run; for the others an outcome comes, and their credit is taken until then. */
  async #askToCancel(batch: Attempt[]): Promise<void> {
    let unknown: LeaseId[] | undefined
    try {
      unknown = await this.#cancelled(batch.map(({ assignment }) => idOf(assignment.lease)))
    } catch {
      // A worker that does not answer a cancel gets no more of these; the session's end has ended them all.
    }
    const gone = unknown?.map(lease => this.#attempts.get(lease)) ?? batch
    for (const attempt of gone) {
      if (attempt?.isCancelled && this.#isUnderWay(attempt))
        this.#forget(attempt).resolve(cancelledBy('it was cancelled'))
    }
  }

  #stop(lease: LeaseId): void {
    if (this.#stops.length === 0) queueMicrotask(() => this.#sendStops())
    this.#stops.push(idOf(lease))
  }

  #sendStops(): void {
    const stops = this.#stops
    this.#stops = []
    // Nothing here waits for them: what the worker makes of it is refused, as their leases are over.
    while (stops.length > 0) this.#cancelled(stops.splice(0, MAX_BATCH)).catch(() => {})
  }

  /** Those that the worker does not run. */
  async #cancelled(leases: LeaseId[]): Promise<LeaseId[]> {
    const timeoutMs = CANCEL_TIMEOUT_MS
    const { unknown } = await this.#client.request('toolmesh/cancel', { leases }, cancelResult, { timeoutMs })
    return unknown
  }

  #isUnderWay(attempt: Attempt): boolean {
    return attempt.state !== 'ended' && this.#attempts.get(attempt.assignment.lease) === attempt
  }

  #forget(attempt: Attempt): Attempt {
    this.#attempts.delete(attempt.assignment.lease)
    return attempt
  }
}

/** The outcome of an attempt of which the worker has none. */
export function cancelledBy(reason: unknown): Outcome {
  return { state: 'cancelled', error: { code: 'cancelled', message: String(reason), retryable: false } }
}

function idOf({ task_id, fence }: LeaseId): LeaseId {
  return { task_id, fence }
}
