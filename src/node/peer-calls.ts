import { ToolmeshError } from '../shared/errors.ts'
import type { PeerEndpoint } from '../shared/mcp/endpoint/peer-endpoint.ts'
import type { CallPeer } from '../shared/mcp/peer/call-peer.ts'

/** The tools of other peers, as callers of this node reach them: by the session that there is. */
export function peerCalls(endpointOf: (peerId: string) => PeerEndpoint | undefined): CallPeer {
  return async (peerId, tool, input, options) => {
    const endpoint = endpointOf(peerId)
    if (endpoint === undefined) throw new ToolmeshError('unavailable', `there is no session with ${peerId}`)
    return endpoint.callTool(tool, input, options)
  }
}
