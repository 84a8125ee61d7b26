import { z } from 'zod'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { InvitesPort } from '../invite/invites-port.ts'
import type { SurfaceTool } from '../surface.ts'

export function revokeTokenTool(authority: Pick<InvitesPort, 'revokeToken'>): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_token_revoke',
    category: 'p2p_token',
    title: 'Revoke a token',
    description: 'Ends a bearer token and the sessions that it opened.',
    annotations: { readOnlyHint: false, destructiveHint: true },
    input: z.strictObject({
      id: z.string().min(1).describe('Id of the token, as p2p_token_list shows it.'),
    }),
    output: z.object({ id: z.string(), revoked: z.literal(true) }),
    async run({ id }) {
      await authority.revokeToken(id)
      return { id, revoked: true as const }
    },
  })
}
