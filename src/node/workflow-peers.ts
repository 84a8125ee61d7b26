import type { PeerEndpoint } from '../shared/mcp/endpoint/peer-endpoint.ts'
import type { MovedWorkflows } from '../shared/mcp/workflow/forward-moved.ts'
import type { UseOptions } from '../shared/mesh/pool/session-pool-contract.ts'
import { LinkLostError } from '../shared/queue/errors.ts'
import type { TransferPeers } from '../shared/workflow/ownership/handover/handovers.ts'

/** Milliseconds that a session with another node may take to open; a handover tries again by itself. */
const OPEN_MS = 5_000

/** The mesh of this node, as workflows use it. */
export interface NodeReach {
  /** Runs `work` with the endpoint of a peer, over a session that is opened where there is none. */
  use<T>(peerId: string, options: UseOptions, work: (endpoint: PeerEndpoint) => Promise<T>): Promise<T>
}

/** The other nodes, as workflows that are handed over to them reach them. `mesh` is undefined while there is none. */
export function workflowPeers(
  mesh: () => NodeReach | undefined,
): TransferPeers & Pick<MovedWorkflows, 'call'> {
  /** Rejects with `unavailable` where no session comes about, else as `work` does. */
  async function withNode<T>(
    peerId: string,
    signal: AbortSignal,
    work: (endpoint: PeerEndpoint) => Promise<T>,
  ): Promise<T> {
    let isReached = false
    const reached = (endpoint: PeerEndpoint): Promise<T> => {
      isReached = true
      return work(endpoint)
    }
    const reach = mesh()
    if (reach === undefined) throw new LinkLostError(peerId)
    try {
      return await reach.use(peerId, { signal, waitMs: OPEN_MS }, reached)
    } catch (error) {
      throw isReached || signal.aborted ? error : new LinkLostError(peerId)
    }
  }
  return {
    reaches: (peerId, signal) => withNode(peerId, signal, async () => true).catch(() => false),
    send: (peerId, page, timeoutMs, signal) =>
      withNode(peerId, signal, endpoint => endpoint.handOver(page, { timeoutMs, signal })),
    call: (peerId, tool, input, options) =>
      withNode(peerId, options.signal, endpoint => endpoint.callTool(tool, input, options)),
  }
}
