import { z } from 'zod'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import { addressInput } from '../peer/address-input.ts'
import type { SurfaceTool } from '../surface.ts'
import { type BootstrapParts, withConnect, withResults } from './bootstrap-parts.ts'
import { take } from './take.ts'

export function fromEnvTool(parts: BootstrapParts): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_bootstrap_from_env',
    category: 'p2p_bootstrap',
    title: 'Bootstrap from the environment',
    description:
      'Takes peers from the variable TOOLMESH_BOOTSTRAP_PEERS of the node (multiaddrs, separated by commas), as it was when the node started.',
    annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: true },
    input: z.strictObject(withConnect),
    output: z.object({
      ...withResults,
      refused: z.array(z.string()).describe('What stands in the variable and is no multiaddr.'),
    }),
    async run({ connect }, { signal }) {
      const { environment } = parts.bootstrap
      const isAddress = (text: string) => addressInput.safeParse(text).success
      const found = environment.filter(isAddress).map(address => ({ addresses: [address] }))
      return {
        results: await take(parts, found, { source: 'environment', connect, signal }),
        refused: environment.filter(text => !isAddress(text)),
      }
    },
  })
}
