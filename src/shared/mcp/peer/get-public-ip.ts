import { z } from 'zod'
import type { Reachability } from '../../mesh/reach/reachability.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import { iso, isoTime, time } from '../iso-time.ts'
import type { SurfaceTool } from '../surface.ts'
import type { MeshAccess } from './mesh-port.ts'

/** Milliseconds for asking others, unless the caller says otherwise; and at most. */
const ASK_MS = 10_000
const MAX_ASK_MS = 60_000

export function getPublicIpTool(mesh: MeshAccess): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_peer_get_public_ip',
    category: 'p2p_peer',
    title: 'Get the public address',
    description:
      'How this node is seen from outside, and whether others can open a connection to it: by what its peers see and could reach, and the relays it has a slot at. With refresh it asks them anew. No service on the internet is asked unless the settings name one.',
    annotations: { readOnlyHint: true, openWorldHint: true },
    input: z.strictObject({
      refresh: z.boolean().default(false).describe('Ask whoever can tell first.'),
      timeout_ms: z.int().min(1).max(MAX_ASK_MS).default(ASK_MS).describe('For that.'),
    }),
    output: z.object({
      ip: z.string().exactOptional().describe('The likeliest public address; absent where none is known.'),
      nat: z
        .enum(['public', 'private', 'unknown'])
        .describe(
          '`public`: others reached this node; `private`: they could not, it is behind a router that lets nobody in.',
        ),
      public_ips: z.array(
        z.object({
          ip: z.string(),
          source: z.enum(['listener', 'observed', 'autonat', 'stun', 'upnp', 'service']),
          witnesses: z.int().describe('How many peers or services said it.'),
          at: isoTime,
        }),
      ),
      addresses: z
        .array(z.object({ address: z.string(), state: z.enum(['confirmed', 'observed', 'listening']) }))
        .describe(
          'Multiaddrs of this node: somebody reached it there; somebody saw it there; it only listens there.',
        ),
      relays: z.array(z.object({ peer_id: z.string(), addresses: z.array(z.string()) })),
      checked_at: isoTime.exactOptional().describe('When others were asked last.'),
    }),
    async run({ refresh, timeout_ms }, { signal }) {
      const late = AbortSignal.any([signal, AbortSignal.timeout(timeout_ms)])
      return view(await mesh().reachability.report({ refresh, signal: late }))
    },
  })
}

function view({ nat, public_ips, addresses, relays, checked_at }: Reachability) {
  const [likeliest] = public_ips
  return {
    ...(likeliest === undefined ? {} : { ip: likeliest.ip }),
    nat,
    public_ips: public_ips.map(({ ip, source, witnesses, at }) => ({ ip, source, witnesses, at: iso(at) })),
    addresses: addresses.map(({ address, state }) => ({ address, state })),
    relays: relays.map(({ peer_id, addresses }) => ({ peer_id, addresses: [...addresses] })),
    ...time('checked_at', checked_at),
  }
}
