import type { AttemptHooks, Outcome } from '../../queue/task.ts'
import type { Assignment, LeaseId, LiveLease, WorkerLink } from '../../queue/work.ts'
import { STRUCTURED_ONLY_META } from '../binding/call-stream.ts'
import { errorFacts } from '../error-facts.ts'
import { PeerAnswerError } from '../errors.ts'
import type { PeerClient } from './peer-client.ts'
import { callResult, LEASE_META, renewResult, settledResult } from './protocol.ts'

/**
 * Milliseconds that an answer may take beyond an attempt's own limit. The owner ends the lease long before; this
 * only frees what a peer that answers nothing would hold forever.
 */
const ANSWER_MARGIN_MS = 120_000

/** The owner's side of a worker on the other end of a session. */
export class RemoteWorker implements WorkerLink {
  readonly peer_id: string
  readonly #client: PeerClient
  /** What one commit has settled is told with one message. */
  readonly #settled: LeaseId[] = []

  constructor(peerId: string, client: PeerClient) {
    this.peer_id = peerId
    this.#client = client
  }

  async run({ lease, tool, input }: Assignment, hooks: AttemptHooks, signal: AbortSignal): Promise<Outcome> {
    try {
      const { structuredContent, isError } = await this.#client.request(
        'tools/call',
        {
          name: tool,
          arguments: input,
          _meta: { [LEASE_META]: { ...lease }, [STRUCTURED_ONLY_META]: true },
        },
        callResult,
        { ...hooks, signal, timeoutMs: lease.deadline_ms + ANSWER_MARGIN_MS },
      )
      if (isError !== true && structuredContent !== undefined)
        return { state: 'succeeded', result: structuredContent }
      const error = errorFacts.safeParse(structuredContent)
      if (!error.success) throw new PeerAnswerError(this.peer_id, 'a leased call', error.error)
      return { state: error.data.code === 'cancelled' ? 'cancelled' : 'failed', error: error.data }
    } catch (error) {
      if (!signal.aborted) throw error
      // MCP sends no answer to a cancelled request; what the worker makes of it comes by `complete`, if at all.
      return {
        state: 'cancelled',
        error: { code: 'cancelled', message: String(signal.reason), retryable: false },
      }
    }
  }

  async renew(signal: AbortSignal): Promise<LiveLease[]> {
    const { live } = await this.#client.request('toolmesh/renew', {}, renewResult, {
      signal,
      timeoutMs: RENEW_TIMEOUT_MS,
    })
    return live
  }

  settled(lease: LeaseId): void {
    if (this.#settled.length === 0) queueMicrotask(() => this.#tellSettled())
    this.#settled.push(lease)
  }

  #tellSettled(): void {
    const leases = this.#settled.splice(0)
    this.#client
      .request('toolmesh/settled', { leases }, settledResult, { timeoutMs: TELL_TIMEOUT_MS })
      // A worker that does not hear it reports the outcomes once more.
      .catch(() => {})
  }
}

/** A renewal that takes longer than this is of no use: the next one is due. */
const RENEW_TIMEOUT_MS = 10_000
/** Nobody waits for this answer; it only ends. */
const TELL_TIMEOUT_MS = 10_000
