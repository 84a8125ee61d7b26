import { z } from 'zod'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import { atPeer } from './at-peers.ts'
import type { CacheToolsComponents } from './cache-tools.ts'
import { key, namespace } from './place.ts'

export function hasTool({ cache, peerId }: CacheToolsComponents): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_cache_has',
    category: 'p2p_cache',
    title: 'Look into the cache',
    description:
      'Whether a value is in the cache, here or at another peer, without reading it. It does not count as a use.',
    annotations: { readOnlyHint: true },
    input: z.strictObject({ namespace, key, ...atPeer }),
    output: z.object({ peer_id: z.string(), found: z.boolean() }),
    run: async ({ namespace, key }) => ({ peer_id: peerId, found: await cache.has(namespace, key) }),
  })
}
