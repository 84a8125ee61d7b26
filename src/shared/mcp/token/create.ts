import { z } from 'zod'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import { lifetime, lifetimeMs, roles } from '../invite/credential-input.ts'
import type { InvitesPort } from '../invite/invites-port.ts'
import type { SurfaceTool } from '../surface.ts'

const MONTH_MS = 30 * 86_400_000

export function createTokenTool(authority: Pick<InvitesPort, 'createToken'>): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_token_create',
    category: 'p2p_token',
    title: 'Create a token',
    description: 'Makes a bearer token for an MCP client over HTTP. It is shown only once.',
    annotations: { readOnlyHint: false, destructiveHint: false },
    input: z.strictObject({
      roles: roles.default(['read', 'submit']),
      ...lifetime,
      name: z.string().max(200).exactOptional().describe('What it is for.'),
    }),
    output: z.object({ id: z.string(), token: z.string(), roles, expires_at: z.string() }),
    run: ({ roles, name, ...ttl }) =>
      authority.createToken({
        roles,
        ttl_ms: lifetimeMs(ttl, MONTH_MS),
        ...(name === undefined ? {} : { name }),
      }),
  })
}
