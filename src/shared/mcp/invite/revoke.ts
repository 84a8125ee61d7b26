import { z } from 'zod'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import type { InvitesPort } from './invites-port.ts'

export function revokeInviteTool(authority: Pick<InvitesPort, 'revokeInvite'>): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_invite_revoke',
    category: 'p2p_invite',
    title: 'Revoke an invite',
    description: 'Ends an invite with all that it gave: the peers that joined by it are disconnected.',
    annotations: { readOnlyHint: false, destructiveHint: true },
    input: z.strictObject({
      id: z.string().min(1).describe('Id of the invite, as p2p_invite_list shows it.'),
    }),
    output: z.object({ id: z.string(), revoked: z.literal(true) }),
    async run({ id }) {
      await authority.revokeInvite(id)
      return { id, revoked: true as const }
    },
  })
}
