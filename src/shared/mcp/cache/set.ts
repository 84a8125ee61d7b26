import { z } from 'zod'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import { iso, isoTime } from '../iso-time.ts'
import { jsonValue } from '../json-object.ts'
import type { SurfaceTool } from '../surface.ts'
import { atPeer } from './at-peers.ts'
import type { CacheToolsComponents } from './cache-tools.ts'
import { key, namespace } from './place.ts'

export function setTool({ cache, peerId }: CacheToolsComponents): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_cache_set',
    category: 'p2p_cache',
    title: 'Put into the cache',
    description:
      'Keeps a JSON value under a key, here or at another peer, in place of what was there. All who may use the cache see it. It ends after ttl_ms, and before that when the cache is full and it is the one unused longest: keep nothing here that cannot be made again.',
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true },
    input: z.strictObject({
      namespace,
      key,
      value: jsonValue.describe('Any JSON value.'),
      ttl_ms: z
        .int()
        .min(1)
        .exactOptional()
        .describe("Milliseconds that it lives; default and at most the cache's own (p2p_cache_stats)."),
      ...atPeer,
    }),
    output: z.object({ peer_id: z.string(), expires_at: isoTime }),
    async run({ namespace, key, value, ttl_ms }) {
      return { peer_id: peerId, expires_at: iso(await cache.set(namespace, key, value, ttl_ms)) }
    },
  })
}
