import { z } from 'zod'
import { formatInvite } from '../../authority/invite-link.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import { lifetime, lifetimeMs, roles } from './credential-input.ts'
import type { InvitesPort } from './invites-port.ts'

const DAY_MS = 86_400_000

export interface CreateInviteComponents {
  authority: Pick<InvitesPort, 'createInvite'>
  peerId: string
  /** Where the node's join page is reached, as `http://127.0.0.1:8420`. */
  origin(): string
}

export function createInviteTool({ authority, peerId, origin }: CreateInviteComponents): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_invite_create',
    category: 'p2p_invite',
    title: 'Create an invite',
    description:
      'Makes a link by which a browser tab (open it) or another node (p2p_peer_connect there) joins this node. The link holds a secret and is shown only once.',
    annotations: { readOnlyHint: false, destructiveHint: false },
    input: z.strictObject({
      roles: roles.default(['work']),
      ...lifetime,
      uses: z.int().min(1).default(1).describe('How many peers may join by it.'),
      name: z.string().max(200).exactOptional().describe('What it is for, shown in the list.'),
    }),
    output: z.object({
      id: z.string(),
      url: z.string(),
      roles,
      uses: z.int(),
      expires_at: z.string(),
    }),
    async run({ roles, uses, name, ...ttl }) {
      const { id, secret, ...invite } = await authority.createInvite({
        roles,
        uses,
        ttl_ms: lifetimeMs(ttl, DAY_MS),
        ...(name === undefined ? {} : { name }),
      })
      return { id, url: formatInvite({ origin: origin(), secret, peerId }), ...invite }
    },
  })
}
