import { z } from 'zod'
import type { Clock } from '../../clock.ts'
import { InvalidInputError } from '../../errors.ts'
import { type Found, SOURCE_NAMES, type SourceName } from '../../mesh/discovery/discovery-source.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import { addressInput } from './address-input.ts'
import { bootstrapResultSchema, CONNECT_MS, connectFound, connectInput } from './connect-found.ts'
import type { MeshAccess, MeshPort } from './mesh-port.ts'
import { sourceReportSchema, sourceReportView } from './source-report-view.ts'

const MAX_ADDRESSES = 100
const MAX_TIMEOUT_MS = 60_000
/** Peers of sources that are dialled at most. */
const MAX_PEERS = 50

/** Where a mesh begins unless the caller says otherwise. */
const FIRST_SOURCES: readonly SourceName[] = ['configured', 'environment', 'file', 'well-known', 'bootstrap']

export interface BootstrapComponents {
  mesh: MeshAccess
  peerId: string
  clock: Pick<Clock, 'monotonic'>
}

export function bootstrapTool({ mesh, peerId, clock }: BootstrapComponents): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_peer_bootstrap',
    category: 'p2p_peer',
    title: 'Bootstrap the mesh',
    description:
      'Connects this node to first peers: at addresses that you give ({addresses}), or those that its sources find ({sources}; default: what is configured). Answers what became of each. A session gives nobody a right: to work for a node, p2p_peer_connect takes its invite.',
    annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: true },
    input: z.strictObject({
      addresses: z
        .array(addressInput)
        .min(1)
        .max(MAX_ADDRESSES)
        .exactOptional()
        .describe('Multiaddrs; without a peer id at the end, whoever answers there.'),
      sources: z
        .array(z.enum(SOURCE_NAMES))
        .min(1)
        .max(SOURCE_NAMES.length)
        .exactOptional()
        .describe('Look by these.'),
      connect: connectInput,
      timeout_ms: z
        .int()
        .min(1)
        .max(MAX_TIMEOUT_MS)
        .default(CONNECT_MS)
        .describe('For each peer, and for the look.'),
    }),
    output: z.object({
      results: z.array(bootstrapResultSchema),
      sources: z.array(sourceReportSchema).exactOptional().describe('How each source that was asked did.'),
    }),
    async run({ addresses, sources, connect, timeout_ms }, { signal }) {
      if (addresses !== undefined && sources !== undefined)
        throw new InvalidInputError('/sources', sources, 'either addresses or sources')
      const port = mesh()
      const options = {
        ...{ connect, timeoutMs: timeout_ms, ownPeerId: peerId, signal },
        now: () => clock.monotonic(),
      }
      if (addresses !== undefined) {
        const found = addresses.map(address => ({ addresses: [address] }))
        return { results: await connectFound(port, found, { ...options, source: 'configured' }) }
      }
      const names = sources ?? FIRST_SOURCES
      const late = AbortSignal.any([signal, AbortSignal.timeout(timeout_ms)])
      const reports = await port.discovery.look(late, names)
      const found = foundBy(port, names)
      return {
        results: await connectFound(port, found, { ...options, source: undefined }),
        sources: reports.map(sourceReportView),
      }
    },
  })
}

/** Peers of the book that these sources told of and that there is no session with. */
function foundBy({ book }: MeshPort, names: readonly SourceName[]): Found[] {
  const wanted: ReadonlySet<string> = new Set(names)
  return book
    .list({ connected: false, limit: 10 * MAX_PEERS })
    .map(({ peer_id, addresses }) => ({
      peer_id,
      addresses: addresses
        .filter(({ sources }) => sources.some(source => wanted.has(source)))
        .map(({ address }) => address),
    }))
    .filter(({ addresses }) => addresses.length > 0)
    .slice(0, MAX_PEERS)
}
