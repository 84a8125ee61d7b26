import { z } from 'zod'
import { type InviteLink, parseInvite } from '../../authority/invite-link.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'

/** Joins another node by its invite: dials it, redeems the secret there, offers it our work. */
export type ConnectPeer = (
  invite: InviteLink,
  signal: AbortSignal,
) => Promise<{ peer_id: string; roles: string[]; expires_at: string }>

export function connectPeerTool(connect: ConnectPeer): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_peer_connect',
    category: 'p2p_peer',
    title: 'Connect to a node',
    description: "Joins this node to another one's mesh by an invite link of that node.",
    annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: true },
    input: z.strictObject({ invite: z.string().min(1).max(2048).describe('The invite link.') }),
    output: z.object({
      peer_id: z.string().describe('The node that was joined.'),
      roles: z.array(z.string()).describe('What this node may do there.'),
      expires_at: z.string(),
    }),
    run: ({ invite }, { signal }) => connect(parseInvite(invite), signal),
  })
}
