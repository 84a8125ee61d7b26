import type { PeerEndpoint } from '../shared/mcp/endpoint/peer-endpoint.ts'
import type { MovedWorkflows } from '../shared/mcp/workflow/forward-moved.ts'
import { LinkLostError } from '../shared/queue/errors.ts'
import type { TransferPeers } from '../shared/workflow/ownership/handover/handovers.ts'

/** The other nodes, as workflows that are handed over to them reach them: by the session that there is. */
export function workflowPeers(
  endpointOf: (peerId: string) => PeerEndpoint | undefined,
): TransferPeers & Pick<MovedWorkflows, 'call'> {
  function endpoint(peerId: string): PeerEndpoint {
    const found = endpointOf(peerId)
    if (found === undefined) throw new LinkLostError(peerId)
    return found
  }
  return {
    reaches: peerId => endpointOf(peerId) !== undefined,
    send: async (peerId, page, timeoutMs, signal) => endpoint(peerId).handOver(page, { timeoutMs, signal }),
    call: async (peerId, tool, input, options) => endpoint(peerId).callTool(tool, input, options),
  }
}
