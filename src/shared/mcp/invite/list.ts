import { z } from 'zod'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import { roles } from './credential-input.ts'
import type { InvitesPort } from './invites-port.ts'

export function listInvitesTool(authority: Pick<InvitesPort, 'listInvites'>): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_invite_list',
    category: 'p2p_invite',
    title: 'List invites',
    description: 'The invites of this node and the peers that joined by each; never their secrets.',
    annotations: { readOnlyHint: true },
    input: z.strictObject({}),
    output: z.object({
      invites: z.array(
        z.object({
          id: z.string(),
          name: z.string().exactOptional(),
          roles,
          created_at: z.string(),
          expires_at: z.string(),
          uses: z.int().describe('How many peers may join by it.'),
          used: z.int().describe('How many did.'),
          peers: z.array(z.string()).describe('Peers that hold a grant by it now.'),
        }),
      ),
    }),
    run: async () => ({ invites: await authority.listInvites() }),
  })
}
