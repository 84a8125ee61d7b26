import { z } from 'zod'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import type { MeshAccess } from './mesh-port.ts'

/** A year: longer than any peer is remembered. */
const MAX_AGE_MS = 366 * 24 * 60 * 60 * 1000

export function cleanupTool(mesh: MeshAccess): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_peer_cleanup',
    category: 'p2p_peer',
    title: 'Forget old peers',
    description:
      'Forgets peers that were not heard of for a while, but none that is connected or granted. It happens by itself too; this frees what cannot be reached any more at once.',
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true },
    input: z.strictObject({
      older_than_ms: z
        .int()
        .min(0)
        .max(MAX_AGE_MS)
        .exactOptional()
        .describe('Milliseconds since they were last heard of; default: as long as an announcement holds.'),
    }),
    output: z.object({
      removed: z.int().describe('Peers that were forgotten.'),
      known: z.int().describe('Peers that are known now.'),
    }),
    run({ older_than_ms }) {
      const { book } = mesh()
      return { removed: book.cleanup(older_than_ms), known: book.size }
    },
  })
}
