import { z } from 'zod'
import { InvalidInputError } from '../../errors.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import { atPeer } from './at-peers.ts'
import type { CacheToolsComponents } from './cache-tools.ts'
import { key, namespace } from './place.ts'

export function deleteTool({ cache, peerId }: CacheToolsComponents): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_cache_delete',
    category: 'p2p_cache',
    title: 'Delete from the cache',
    description:
      'Takes one entry ({key}), or all of a namespace ({all: true}), out of the cache, here or at another peer.',
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true },
    input: z.strictObject({
      namespace,
      key: key.exactOptional(),
      all: z.literal(true).exactOptional().describe('Instead of `key`: the whole namespace.'),
      ...atPeer,
    }),
    output: z.object({ peer_id: z.string(), deleted: z.int().describe('Entries that were there.') }),
    async run({ namespace, key, all }) {
      if (key !== undefined && all !== undefined)
        throw new InvalidInputError('/all', all, 'either key or all')
      if (all !== undefined) return { peer_id: peerId, deleted: await cache.clear(namespace) }
      if (key === undefined) throw new InvalidInputError('/key', key, 'a key, or all: true')
      return { peer_id: peerId, deleted: Number(await cache.delete(namespace, key)) }
    },
  })
}
