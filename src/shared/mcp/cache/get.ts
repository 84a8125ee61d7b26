import { z } from 'zod'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import { iso, isoTime } from '../iso-time.ts'
import { jsonValue } from '../json-object.ts'
import type { SurfaceTool } from '../surface.ts'
import { atPeer } from './at-peers.ts'
import type { CacheToolsComponents } from './cache-tools.ts'
import { key, namespace } from './place.ts'

export function getTool({ cache, peerId }: CacheToolsComponents): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_cache_get',
    category: 'p2p_cache',
    title: 'Get from the cache',
    description:
      'Gives a value that p2p_cache_set kept, here or at another peer. `found: false` where there is none, it has lived its time, or it gave way to others: then make it again.',
    annotations: { readOnlyHint: true },
    input: z.strictObject({ namespace, key, ...atPeer }),
    output: z.object({
      peer_id: z.string(),
      found: z.boolean(),
      value: jsonValue.optional(),
      expires_at: isoTime.exactOptional(),
    }),
    async run({ namespace, key }) {
      const found = await cache.get(namespace, key)
      if (found === undefined) return { peer_id: peerId, found: false }
      return { peer_id: peerId, found: true, value: found.value, expires_at: iso(found.expires_at) }
    },
  })
}
