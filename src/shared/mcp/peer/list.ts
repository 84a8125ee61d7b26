import { z } from 'zod'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import type { PeerView } from '../views.ts'
import { interfaceOf, type PeerFilter, peerFilter, type ToolNames } from './find-peers.ts'
import { peerSchema } from './peer-schema.ts'

/** Who is in the mesh, as this node sees it. */
export interface PeersPort {
  /** This node first. */
  list(): PeerView[]
  /** Calls `listener` after each change; the returned function ends it. */
  onChange(listener: () => void): () => void
}

export interface ListPeersComponents {
  peers: Pick<PeersPort, 'list'>
  catalogue: ToolNames
  /** Peers that have the tool of an interface CID, as far as is known; not this node, which has all of them. */
  peersWith(interfaceCid: string): ReadonlySet<string>
}

export function listPeersTool({ peers, catalogue, peersWith }: ListPeersComponents): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_peer_list',
    category: 'p2p_peer',
    title: 'List peers',
    description:
      'The peers of the mesh, this node first: how each is connected, and what it has run. p2p_peer_discover has also those that were only heard of.',
    annotations: { readOnlyHint: true },
    input: z.strictObject(peerFilter),
    output: z.object({
      peers: z.array(peerSchema),
      total: z.int().describe('How many fit, those beyond the limit too.'),
    }),
    run(filter) {
      const holders = filter.tool === undefined ? undefined : peersWith(interfaceOf(filter.tool, catalogue))
      const fitting = peers.list().filter(peer => fits(peer, filter, holders))
      return { peers: fitting.slice(0, filter.limit), total: fitting.length }
    },
  })
}

function fits(
  { peer_id, self, kind, labels, connected }: PeerView,
  wanted: PeerFilter,
  holders: ReadonlySet<string> | undefined,
): boolean {
  if (wanted.kind !== undefined && kind !== wanted.kind) return false
  if (wanted.connected !== undefined && connected !== wanted.connected) return false
  if (wanted.labels?.some(label => !labels.includes(label))) return false
  return holders === undefined || self || holders.has(peer_id)
}
