import type { AttemptHooks, Outcome } from '../../queue/task.ts'
import type { Assignment } from '../../queue/work.ts'
import { STRUCTURED_ONLY_META } from '../binding/call-stream.ts'
import { errorFacts } from '../error-facts.ts'
import { PeerAnswerError } from '../errors.ts'
import type { PeerClient } from './peer-client.ts'
import { callResult, LEASE_META } from './protocol.ts'
import { cancelledBy } from './remote-attempts.ts'

/**
 * Milliseconds that an answer may take beyond an attempt's own limit. The owner ends the lease long before; this
 * only frees what a peer that answers nothing would hold forever.
 */
const ANSWER_MARGIN_MS = 120_000

/** One attempt as a plain `tools/call` with its lease in `_meta`: for a worker that takes no batches. */
export async function runByCall(
  client: PeerClient,
  { lease, tool, input }: Assignment,
  hooks: AttemptHooks,
  signal: AbortSignal,
): Promise<Outcome> {
  try {
    const { structuredContent, isError } = await client.request(
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
    if (!error.success) throw new PeerAnswerError(client.peerId, 'a leased call', error.error)
    return { state: error.data.code === 'cancelled' ? 'cancelled' : 'failed', error: error.data }
  } catch (error) {
    // MCP sends no answer to a cancelled request; what the worker makes of it comes by `complete`, if at all.
    if (signal.aborted) return cancelledBy(signal.reason)
    throw error
  }
}
