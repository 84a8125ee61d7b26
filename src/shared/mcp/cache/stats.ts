import { z } from 'zod'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import { atPeer } from './at-peers.ts'
import type { CacheToolsComponents } from './cache-tools.ts'

const count = z.int().min(0)

export function statsTool({ cache, peerId }: CacheToolsComponents): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_cache_stats',
    category: 'p2p_cache',
    title: 'Figures of the cache',
    description:
      'How full the cache is, here or at another peer, what it allows, and how often it had what was asked for. Counts all that is cached, results of workflow steps too.',
    annotations: { readOnlyHint: true },
    input: z.strictObject(atPeer),
    output: z.object({
      peer_id: z.string(),
      entries: count,
      bytes: count.describe('Of the values, as JSON in UTF-8.'),
      hits: count.describe('Since it was opened, as the next two.'),
      misses: count,
      evictions: count.describe('Entries that gave way to others before their time.'),
      limits: z.object({
        entries: count,
        bytes: count,
        entry_bytes: count.describe('Of one value.'),
        ttl_ms: count.describe('The longest that an entry lives.'),
      }),
    }),
    async run() {
      const { entries, bytes, hits, misses, evictions, limits } = await cache.stats()
      return {
        ...{ peer_id: peerId, entries, bytes, hits, misses, evictions },
        limits: {
          entries: limits.entries,
          bytes: limits.bytes,
          entry_bytes: limits.entryBytes,
          ttl_ms: limits.ttlMs,
        },
      }
    },
  })
}
