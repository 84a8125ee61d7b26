import { z } from 'zod'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import { type BootstrapParts, withConnect, withResults } from './bootstrap-parts.ts'
import { take } from './take.ts'

export function fromFileTool(parts: BootstrapParts): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_bootstrap_from_file',
    category: 'p2p_bootstrap',
    title: 'Bootstrap from a file',
    description:
      'Takes peers from a file on the disk of the node: a list of multiaddrs (a line each, # begins a comment), a JSON array of multiaddrs or of {peer_id, addresses}, or a registry that nodes share (a .json file or a folder). It is read once; to watch a registry, set discovery.file.',
    annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: true },
    input: z.strictObject({
      path: z
        .string()
        .min(1)
        .max(4096)
        .refine(path => !path.includes('\0'), { error: 'a path' })
        .describe('Absolute, or relative to the data folder of the node.'),
      ...withConnect,
    }),
    output: z.object({
      path: z.string().describe('What was read.'),
      ...withResults,
      refused: z
        .array(z.object({ at: z.string(), reason: z.string() }))
        .describe('What stands in the file and is no peer, by its place.'),
    }),
    async run({ path: given, connect }, { signal }) {
      parts.mesh()
      const { path, found, refused } = await parts.bootstrap.readFile(given, signal)
      return { path, results: await take(parts, found, { source: 'file', connect, signal }), refused }
    },
  })
}
