import { z } from 'zod'
import { InvalidInputError } from '../../errors.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import { type BootstrapParts, withConnect, withResults } from './bootstrap-parts.ts'
import { take } from './take.ts'

export function fromPublicTool(parts: BootstrapParts): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_bootstrap_from_public',
    category: 'p2p_bootstrap',
    title: 'Bootstrap from public nodes',
    description:
      'Takes a known set of public nodes by its name (p2p_bootstrap_list has them). They are strangers and no part of this mesh: dialling them tells them the address of this node, and they cannot run tools. Nothing asks them unless it is told to.',
    annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: true },
    input: z.strictObject({ name: z.string().min(1).max(64).describe('Name of the set.'), ...withConnect }),
    output: z.object(withResults),
    async run({ name, connect }, { signal }) {
      const sets = parts.bootstrap.publicSets
      const set = Object.hasOwn(sets, name) ? sets[name] : undefined
      if (set === undefined) throw new InvalidInputError('/name', name, Object.keys(sets).join(' or '))
      const found = set.map(address => ({ addresses: [address] }))
      return { results: await take(parts, found, { source: 'configured', connect, signal }) }
    },
  })
}
