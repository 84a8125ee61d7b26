import { z } from 'zod'
import { InvalidInputError } from '../../errors.ts'
import type { PeerQuery } from '../../mesh/peers/peer-book-contract.ts'
import type { ToolDescriptor } from '../../tools/tool.ts'

/** Peers in one answer at most. */
export const MAX_PEERS = 1_000

/** What peers are looked for by; all that is given must hold. */
export const peerFilter = {
  kind: z.enum(['node', 'tab']).exactOptional().describe('Only nodes, or only browser tabs.'),
  labels: z
    .array(z.string().min(1).max(128))
    .max(32)
    .exactOptional()
    .describe('Only those with all of these labels, as `runtime:browser`.'),
  tool: z.string().min(1).max(128).exactOptional().describe('Only those that have this tool, by its name.'),
  connected: z.boolean().exactOptional().describe('Only those with a session, or only those without.'),
  limit: z.int().min(1).max(MAX_PEERS).default(100).describe('At most so many.'),
}

export type PeerFilter = z.output<z.ZodObject<typeof peerFilter>>

/** The tools that names are looked up in. */
export interface ToolNames {
  get(name: string): Pick<ToolDescriptor, 'interface_cid'> | undefined
}

/** The filter as the peer book takes it. Throws `invalid_input` for a tool that no build of ours has. */
export function queryOf({ kind, labels, tool, connected, limit }: PeerFilter, tools: ToolNames): PeerQuery {
  return {
    limit,
    ...(kind === undefined ? {} : { kind }),
    ...(labels === undefined ? {} : { labels }),
    ...(tool === undefined ? {} : { tool: interfaceOf(tool, tools) }),
    ...(connected === undefined ? {} : { connected }),
  }
}

export function interfaceOf(tool: string, tools: ToolNames): string {
  const found = tools.get(tool)
  if (found !== undefined) return found.interface_cid
  throw new InvalidInputError('/tool', tool, 'the name of a tool of this mesh (tools_search finds it)')
}
