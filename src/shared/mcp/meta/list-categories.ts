import { z } from 'zod'
import { permits } from '../../authority/roles.ts'
import type { Callable } from '../callable.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'

export function listCategoriesTool(tools: ReadonlyMap<string, Callable>): SurfaceTool {
  return defineSurfaceTool({
    name: 'tools_list_categories',
    category: 'tools',
    title: 'List tool categories',
    description: 'Lists the categories of tools on this server, with the number of tools in each.',
    annotations: { readOnlyHint: true },
    input: z.strictObject({}),
    output: z.object({
      categories: z.array(z.object({ category: z.string(), tools: z.int().describe('Tools in it.') })),
    }),
    run(_input, { principal }) {
      const counts = new Map<string, number>()
      for (const { category, role } of tools.values()) {
        if (permits(principal, role)) counts.set(category, (counts.get(category) ?? 0) + 1)
      }
      return { categories: [...counts].map(([category, count]) => ({ category, tools: count })) }
    },
  })
}
