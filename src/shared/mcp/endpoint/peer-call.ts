import { errorFromFacts } from '../../errors.ts'
import { LinkLostError } from '../../queue/errors.ts'
import {
  RunCancelledError,
  RunTimedOutError,
  RuntimeBusyError,
  RuntimeLostError,
} from '../../router/errors.ts'
import type { RuntimeCall } from '../../router/runtime.ts'
import type { Json } from '../../tools/tool.ts'
import { STRUCTURED_ONLY_META } from '../binding/call-stream.ts'
import { errorFacts } from '../error-facts.ts'
import { PeerAnswerError, PeerTimeoutError } from '../errors.ts'
import type { PeerClient, RequestOptions } from './peer-client.ts'
import { callResult } from './protocol.ts'

/**
 * Calls any tool of a peer by its name. Rejects as `PeerClient.request` does, or with the error that the tool's
 * result is.
 */
export async function callToolOf(
  client: PeerClient,
  name: string,
  input: Json,
  options: RequestOptions,
): Promise<Json> {
  const { structuredContent, isError } = await client.request(
    'tools/call',
    { name, arguments: input, _meta: { [STRUCTURED_ONLY_META]: true } },
    callResult,
    options,
  )
  if (isError !== true && structuredContent !== undefined) return structuredContent
  const facts = errorFacts.safeParse(structuredContent)
  throw facts.success ? errorFromFacts(facts.data) : new PeerAnswerError(client.peerId, name, facts.error)
}

/**
 * Runs one call on a peer, for the router. Rejects with RuntimeBusyError when the session ended before it could
 * be sent, RuntimeLostError when it ended under the call, RunTimedOutError, RunCancelledError, else the peer's answer.
 */
export async function callPeer(client: PeerClient, peerId: string, call: RuntimeCall): Promise<Json> {
  const runtime = `peer:${peerId}`
  if (client.ended) throw new RuntimeBusyError(runtime, 'its session ended')
  const { tool, input, timeoutMs, signal, onProgress, onLog } = call
  try {
    return await callToolOf(client, tool.name, input, { signal, timeoutMs, onProgress, onLog })
  } catch (error) {
    if (signal.aborted) throw new RunCancelledError(tool.name)
    if (error instanceof LinkLostError) throw new RuntimeLostError(runtime, error.message, error)
    if (error instanceof PeerTimeoutError) throw new RunTimedOutError(tool.name, timeoutMs)
    throw error
  }
}
