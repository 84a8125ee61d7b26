import { z } from 'zod'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import type { PeerView } from '../views.ts'
import { peerSchema } from './peer-schema.ts'

/** Who is in the mesh, as this node sees it. */
export interface PeersPort {
  /** This node first. */
  list(): PeerView[]
  /** Calls `listener` after each change; the returned function ends it. */
  onChange(listener: () => void): () => void
}

export function listPeersTool(peers: Pick<PeersPort, 'list'>): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_peer_list',
    category: 'p2p_peer',
    title: 'List peers',
    description: 'The peers of the mesh, this node first: how each is connected, and what it has run.',
    annotations: { readOnlyHint: true },
    input: z.strictObject({}),
    output: z.object({ peers: z.array(peerSchema) }),
    run: () => ({ peers: peers.list() }),
  })
}
