import { leaseKey } from '../../queue/lease-key.ts'
import type { AttemptHooks, Outcome } from '../../queue/task.ts'
import type { Assignment, LeaseId, OutcomeReport, OutcomeVerdict } from '../../queue/work.ts'
import { takeBatch } from './message-batch.ts'
import type { PeerClient } from './peer-client.ts'
import { cancelResult, MAX_BATCH, progressParams, runResult } from './protocol.ts'

/** Milliseconds that a worker may take to say that it has a batch: its inputs may be a large blob. */
const TAKEN_TIMEOUT_MS = 120_000
const CANCEL_TIMEOUT_MS = 30_000

interface Attempt {
  readonly assignment: Assignment
  readonly hooks: AttemptHooks
  /** A cancel must not reach the worker before what it cancels: it waits until the worker has taken that. */
  state: 'unsent' | 'sent' | 'taken'
  cancelled: boolean
  end(outcome: Outcome): void
  fail(error: unknown): void
}

/**
 * The attempts that a worker on the other end of a session runs for us by `toolmesh/run`: those that are handed over in
 * one tick travel in one message, and their outcomes come back by the worker's `toolmesh/complete`.
 */
export class RemoteAttempts {
  readonly #client: PeerClient
  readonly #attempts = new Map<string, Attempt>()
  readonly #verdicts = new Map<string, (verdict: OutcomeVerdict) => void>()
  #unsent: Attempt[] = []
  #cancels: Attempt[] = []
  #stops: LeaseId[] = []

  constructor(client: PeerClient) {
    this.#client = client
  }

  run(assignment: Assignment, hooks: AttemptHooks, signal: AbortSignal): Promise<Outcome> {
    const key = leaseKey(assignment.lease)
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>()
    if (signal.aborted) {
      resolve(cancelledBy(signal.reason))
      return promise
    }
    const onAbort = (): void => this.#cancel(attempt, signal.reason)
    const forget = (): void => {
      this.#attempts.delete(key)
      signal.removeEventListener('abort', onAbort)
    }
    const attempt: Attempt = {
      assignment,
      hooks,
      state: 'unsent',
      cancelled: false,
      end(outcome) {
        forget()
        resolve(outcome)
      },
      fail(error) {
        forget()
        reject(error)
      },
    }
    signal.addEventListener('abort', onAbort, { once: true })
    this.#attempts.set(key, attempt)
    if (this.#unsent.length === 0) queueMicrotask(() => this.#send())
    this.#unsent.push(attempt)
    return promise
  }

  /** Asks the worker to stop an attempt that is not under way on this session. */
  stop({ task_id, fence }: LeaseId): void {
    if (this.#stops.length === 0) queueMicrotask(() => this.#sendStops())
    this.#stops.push({ task_id, fence })
  }

  /** The worker reports an outcome: gives what the store makes of it, or undefined for one that is not under way here. */
  ended(report: OutcomeReport): Promise<OutcomeVerdict> | undefined {
    const key = leaseKey(report)
    const attempt = this.#attempts.get(key)
    if (attempt === undefined) return undefined
    const { promise, resolve } = Promise.withResolvers<OutcomeVerdict>()
    this.#verdicts.set(key, resolve)
    attempt.end(report.outcome)
    return promise
  }

  /** The store has a verdict on a reported outcome; false where none waits for it. */
  settled(lease: LeaseId, verdict: OutcomeVerdict): boolean {
    const key = leaseKey(lease)
    const tell = this.#verdicts.get(key)
    this.#verdicts.delete(key)
    tell?.(verdict)
    return tell !== undefined
  }

  /** What the worker tells of attempts that run; of others it is not heard. */
  heard(params: unknown): void {
    const parsed = progressParams.safeParse(params)
    if (!parsed.success) return
    for (const { progress, logs = [], ...lease } of parsed.data.attempts) {
      const hooks = this.#attempts.get(leaseKey(lease))?.hooks
      if (progress !== undefined) hooks?.onProgress?.(progress)
      for (const line of logs) hooks?.onLog?.(line)
    }
  }

  /** The session has ended: no outcome comes by it any more. */
  lost(error: Error): void {
    this.#unsent = []
    this.#cancels = []
    this.#stops = []
    for (const attempt of [...this.#attempts.values()]) attempt.fail(error)
  }

  #send(): void {
    const unsent = this.#unsent
    this.#unsent = []
    while (unsent.length > 0) void this.#hand(takeBatch(unsent, ({ assignment }) => assignment.input))
  }

  async #hand(batch: Attempt[]): Promise<void> {
    for (const attempt of batch) attempt.state = 'sent'
    const assignments = batch.map(({ assignment, hooks }) => {
      return hooks.onLog === undefined ? assignment : { ...assignment, logs: true }
    })
    try {
      const timeoutMs = TAKEN_TIMEOUT_MS
      await this.#client.request('toolmesh/run', { assignments }, runResult, { timeoutMs })
    } catch (error) {
      for (const attempt of batch) attempt.fail(error)
      return
    }
    for (const attempt of batch) {
      attempt.state = 'taken'
      if (attempt.cancelled && this.#isUnderWay(attempt)) this.#planCancel(attempt)
    }
  }

  #cancel(attempt: Attempt, reason: unknown): void {
    attempt.cancelled = true
    if (attempt.state === 'taken') this.#planCancel(attempt)
    if (attempt.state !== 'unsent') return
    this.#unsent = this.#unsent.filter(each => each !== attempt)
    attempt.end(cancelledBy(reason))
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
    const leases = batch.map(({ assignment: { lease } }) => ({ task_id: lease.task_id, fence: lease.fence }))
    let unknown: LeaseId[] = leases
    try {
      unknown = await this.#cancelled(leases)
    } catch {
      // A worker that does not answer a cancel gets no more of these; the session's end has ended them all.
    }
    const gone = new Set(unknown.map(leaseKey))
    for (const attempt of batch) {
      if (!gone.has(leaseKey(attempt.assignment.lease)) || !this.#isUnderWay(attempt)) continue
      attempt.end(cancelledBy('it was cancelled'))
    }
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
    return this.#attempts.get(leaseKey(attempt.assignment.lease)) === attempt
  }
}

/** The outcome of an attempt of which the worker has none. */
export function cancelledBy(reason: unknown): Outcome {
  return { state: 'cancelled', error: { code: 'cancelled', message: String(reason), retryable: false } }
}
