import { z } from 'zod'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import { roles } from '../invite/credential-input.ts'
import type { InvitesPort } from '../invite/invites-port.ts'
import type { SurfaceTool } from '../surface.ts'

export function listTokensTool(authority: Pick<InvitesPort, 'listTokens'>): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_token_list',
    category: 'p2p_token',
    title: 'List tokens',
    description: 'The bearer tokens that are valid now; never their secrets.',
    annotations: { readOnlyHint: true },
    input: z.strictObject({}),
    output: z.object({
      tokens: z.array(
        z.object({
          id: z.string(),
          name: z.string().exactOptional(),
          invite_id: z.string().exactOptional().describe('The invite that was redeemed for it.'),
          roles,
          created_at: z.string(),
          expires_at: z.string(),
        }),
      ),
    }),
    run: async () => ({ tokens: await authority.listTokens() }),
  })
}
