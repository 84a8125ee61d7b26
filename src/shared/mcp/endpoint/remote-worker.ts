import { LinkLostError } from '../../queue/errors.ts'
import { LeaseMap } from '../../queue/lease-map.ts'
import type { AttemptHooks, Outcome } from '../../queue/task.ts'
import type {
  Assignment,
  LeaseId,
  LiveLease,
  OutcomeReport,
  OutcomeVerdict,
  WorkerLink,
} from '../../queue/work.ts'
import { runByCall } from './leased-call.ts'
import type { PeerClient } from './peer-client.ts'
import { PROGRESS_METHOD, renewResult, settledResult, WORK_METHOD } from './protocol.ts'
import { RemoteAttempts } from './remote-attempts.ts'
import { ReportedBatch } from './reported-batch.ts'

/** A renewal that takes longer than this, in milliseconds, is of no use: the next one is due. */
const RENEW_TIMEOUT_MS = 10_000
/** Nobody waits for this answer; it only ends. */
const TELL_TIMEOUT_MS = 10_000

/** Sends the peer a notification; resolves when it was written. */
export type Notify = (method: string, params: Record<string, unknown>) => Promise<void>

/** The owner's side of a worker on the other end of a session. */
export class RemoteWorker implements WorkerLink {
  readonly peer_id: string
  readonly #client: PeerClient
  readonly #notify: Notify
  readonly #attempts: RemoteAttempts
  /** Attempts that run by a `tools/call` each. */
  readonly #calls = new LeaseMap<AbortController>()
  #takesBatches = false
  /** Outcomes that were answers of calls; what one commit has settled of them is told with one message. */
  readonly #settled: LeaseId[] = []

  constructor(peerId: string, client: PeerClient, notify: Notify) {
    this.peer_id = peerId
    this.#client = client
    this.#notify = notify
    this.#attempts = new RemoteAttempts(client)
    client.onNotification(PROGRESS_METHOD, params => this.#attempts.heard(params))
  }

  /** The peer said that it takes `toolmesh/run`; until then each attempt is a `tools/call`. */
  takesBatches(): void {
    this.#takesBatches = true
  }

  run(assignment: Assignment, hooks: AttemptHooks): Promise<Outcome> {
    if (this.#client.ended) return Promise.reject(new LinkLostError(this.peer_id))
    return this.#takesBatches ? this.#attempts.run(assignment, hooks) : this.#runByCall(assignment, hooks)
  }

  cancel(lease: LeaseId, reason: string): void {
    const call = this.#calls.get(lease)
    if (call === undefined) this.#attempts.cancel(lease, reason)
    else call.abort(new Error(reason))
  }

  async renew(signal: AbortSignal): Promise<LiveLease[]> {
    const { live } = await this.#client.request('toolmesh/renew', {}, renewResult, {
      signal,
      timeoutMs: RENEW_TIMEOUT_MS,
    })
    return live
  }

  settled(lease: LeaseId, verdict: OutcomeVerdict): void {
    if (this.#attempts.settled(lease, verdict) || this.#takesBatches) return
    if (this.#settled.length === 0) queueMicrotask(() => this.#tellSettled())
    this.#settled.push(lease)
  }

  workWaits(): void {
    // A peer that is not there any more pulls nothing.
    this.#notify(WORK_METHOD, {}).catch(() => {})
  }

  /**
   * The peer reports outcomes: `others` takes those whose attempt is not under way on this session, and gives a verdict
   * for each.
   */
  complete(
    reports: readonly OutcomeReport[],
    others: (reports: OutcomeReport[]) => Promise<OutcomeVerdict[]>,
  ): Promise<OutcomeVerdict[]> {
    if (reports.length === 0) return Promise.resolve([])
    const batch = new ReportedBatch(reports.length)
    const rest: OutcomeReport[] = []
    const restAt: number[] = []
    reports.forEach((report, index) => {
      if (this.#attempts.ended(report, batch, index)) return
      rest.push(report)
      restAt.push(index)
    })
    if (rest.length > 0) {
      others(rest).then(
        verdicts => {
          for (const [nth, index] of restAt.entries()) batch.settle(index, verdicts[nth] ?? 'stale_fence')
        },
        error => batch.fail(error),
      )
    }
    return batch.verdicts
  }

  /** The session has ended. */
  lost(): void {
    this.#attempts.lost(new LinkLostError(this.peer_id))
  }

  async #runByCall(assignment: Assignment, hooks: AttemptHooks): Promise<Outcome> {
    const abort = new AbortController()
    this.#calls.set(assignment.lease, abort)
    try {
      return await runByCall(this.#client, assignment, hooks, abort.signal)
    } finally {
      this.#calls.delete(assignment.lease)
    }
  }

  #tellSettled(): void {
    const leases = this.#settled.splice(0)
    this.#client
      .request('toolmesh/settled', { leases }, settledResult, { timeoutMs: TELL_TIMEOUT_MS })
      // A worker that does not hear it reports the outcomes once more.
      .catch(() => {})
  }
}
