import { z } from 'zod'
import { permits } from '../../authority/roles.ts'
import { InvalidInputError } from '../../errors.ts'
import type { Callable } from '../callable.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'

export function listToolsTool(tools: ReadonlyMap<string, Callable>): SurfaceTool {
  return defineSurfaceTool({
    name: 'tools_list_tools',
    category: 'tools',
    title: 'List tools',
    description: 'Lists the tools of one category, or all: name, title and what each does.',
    annotations: { readOnlyHint: true },
    input: z.strictObject({
      category: z.string().optional().describe('A category from tools_list_categories; all when left out.'),
    }),
    output: z.object({
      tools: z.array(
        z.object({ name: z.string(), category: z.string(), title: z.string(), description: z.string() }),
      ),
    }),
    run({ category }, { principal }) {
      const callable = [...tools.values()].filter(tool => permits(principal, tool.role))
      const chosen = callable.filter(tool => category === undefined || tool.category === category)
      if (chosen.length === 0 && category !== undefined) {
        const known = new Set(callable.map(tool => tool.category))
        throw new InvalidInputError('/category', category, [...known].join(', '))
      }
      return {
        tools: chosen.map(({ name, category, title, description }) => ({
          name,
          category,
          title,
          description,
        })),
      }
    },
  })
}
