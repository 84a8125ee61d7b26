import { z } from 'zod'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import type { MeshAccess } from './mesh-port.ts'
import { ensureOther } from './open-session.ts'
import { peerIdInput } from './peer-id-input.ts'

export interface DisconnectComponents {
  mesh: MeshAccess
  peerId: string
}

export function disconnectPeerTool({ mesh, peerId }: DisconnectComponents): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_peer_disconnect',
    category: 'p2p_peer',
    title: 'Disconnect from a peer',
    description:
      'Closes the session with a peer; what ran over it is given back or tried again. It takes no rights away (p2p_invite_revoke does), so the peer may come back, and this node goes back to a node that it works for.',
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true },
    input: z.strictObject({ peer_id: peerIdInput.describe('Peer of p2p_peer_list.') }),
    output: z.object({
      peer_id: z.string(),
      disconnected: z.boolean().describe('Whether there was a session.'),
    }),
    async run({ peer_id }) {
      ensureOther(peer_id, peerId)
      const { host, pool } = mesh()
      const disconnected = host.session(peer_id) !== undefined
      if (disconnected) await pool.drop(peer_id, { code: 'closed', message: 'disconnected by a person' })
      return { peer_id, disconnected }
    },
  })
}
