import type { PeerEndpoint } from '../shared/mcp/endpoint/peer-endpoint.ts'
import type { CallPeer } from '../shared/mcp/peer/call-peer.ts'
import type { MeshAccess } from '../shared/mcp/peer/mesh-port.ts'
import { findAddress } from '../shared/mcp/peer/open-session.ts'
import { asRefusedByPeer } from '../shared/mcp/peer/refused-by-peer.ts'
import { within } from '../shared/mcp/peer/within.ts'

/** Work on the endpoint of a peer, with a session that is opened for it where there is none. */
export type UseEndpoint = <T>(
  peerId: string,
  signal: AbortSignal,
  work: (endpoint: PeerEndpoint) => Promise<T>,
) => Promise<T>

/** The tools of other peers, as callers of this node reach them. */
export function peerCalls(mesh: MeshAccess, use: UseEndpoint): CallPeer {
  return (peerId, tool, input, { timeoutMs, signal, onProgress, onLog }) => {
    const call = async (late: AbortSignal) => {
      await findAddress(mesh(), peerId, late)
      const options = { timeoutMs, signal: late, onProgress, onLog }
      return use(peerId, late, endpoint => endpoint.callTool(tool, input, options))
    }
    return within(timeoutMs, signal, `${tool} on ${peerId}`, call).catch(error => {
      throw asRefusedByPeer(error, peerId, tool)
    })
  }
}
