import { z } from 'zod'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import { sourceReportSchema, sourceReportView } from '../peer/source-report-view.ts'
import type { SurfaceTool } from '../surface.ts'
import type { BootstrapParts } from './bootstrap-parts.ts'

export function listBootstrapTool({ mesh, bootstrap }: BootstrapParts): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_bootstrap_list',
    category: 'p2p_bootstrap',
    title: 'List where peers come from',
    description:
      'Where this node finds its first peers: what is configured, what its environment says, the sets of public nodes that could be named, and each source that is switched on with how it does.',
    annotations: { readOnlyHint: true },
    input: z.strictObject({}),
    output: z.object({
      namespace: z.string().describe('The mesh that is looked for (p2p.namespace).'),
      configured: z.array(z.string()).describe('p2p.bootstrap.'),
      environment: z.array(z.string()).describe('TOOLMESH_BOOTSTRAP_PEERS.'),
      public_sets: z.array(z.object({ name: z.string(), addresses: z.array(z.string()) })),
      sources: z.array(sourceReportSchema),
    }),
    run() {
      const { namespace, configured, environment, publicSets } = bootstrap
      return {
        ...{ namespace, configured: [...configured], environment: [...environment] },
        public_sets: Object.entries(publicSets).map(([name, addresses]) => ({
          name,
          addresses: [...addresses],
        })),
        sources: mesh().discovery.reports().map(sourceReportView),
      }
    },
  })
}
