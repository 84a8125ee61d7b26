import { z } from 'zod'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import { peerFilter, queryOf, type ToolNames } from './find-peers.ts'
import { knownPeerSchema, knownPeerView } from './known-peer-view.ts'
import type { MeshAccess } from './mesh-port.ts'
import { sourceReportSchema, sourceReportView } from './source-report-view.ts'

/** Milliseconds that a look by all sources may take, unless the caller says otherwise; and at most. */
const LOOK_MS = 5_000
const MAX_LOOK_MS = 60_000

export interface DiscoverComponents {
  mesh: MeshAccess
  catalogue: ToolNames
}

export function discoverTool({ mesh, catalogue }: DiscoverComponents): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_peer_discover',
    category: 'p2p_peer',
    title: 'Discover peers',
    description:
      'Peers that this node knows of, connected or not, with where they can be reached and who told of that: those with a session first. With refresh it asks all its sources, and the peers it has a session with, before it answers; one that was asked moments ago is not asked again. p2p_peer_list has only those that are or were connected, with what they have run.',
    annotations: { readOnlyHint: true, openWorldHint: true },
    input: z.strictObject({
      ...peerFilter,
      refresh: z.boolean().default(false).describe('Look by all sources first.'),
      timeout_ms: z
        .int()
        .min(1)
        .max(MAX_LOOK_MS)
        .default(LOOK_MS)
        .describe('For that look; what was found until then is answered.'),
    }),
    output: z.object({
      peers: z.array(knownPeerSchema),
      known: z.int().describe('How many peers are known in all.'),
      sources: z.array(sourceReportSchema).exactOptional().describe('With refresh: how each source did.'),
    }),
    async run({ refresh, timeout_ms, ...filter }, { signal }) {
      const { book, discovery } = mesh()
      const query = queryOf(filter, catalogue)
      const reports = refresh
        ? await discovery.look(AbortSignal.any([signal, AbortSignal.timeout(timeout_ms)]))
        : undefined
      return {
        peers: book.list(query).map(entry => knownPeerView(entry, book.toolsOf(entry.peer_id)?.length)),
        known: book.size,
        ...(reports === undefined ? {} : { sources: reports.map(sourceReportView) }),
      }
    },
  })
}
