import { z } from 'zod'
import { permits } from '../../authority/roles.ts'
import { ToolSearch } from '../../tools/search.ts'
import type { Callable } from '../callable.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'

/** Hits that one search may ask for: more would cost a model more to read than the list does. */
const MAX_HITS = 50

export function searchTool(tools: ReadonlyMap<string, Callable>): SurfaceTool {
  let index: ToolSearch | undefined
  return defineSurfaceTool({
    name: 'tools_search',
    category: 'tools',
    title: 'Search tools',
    description: 'Finds tools by what they do, best first (BM25 over names, descriptions and parameters).',
    annotations: { readOnlyHint: true },
    input: z.strictObject({
      query: z.string().min(1).max(1000).describe('What the tool should do, in words.'),
      category: z.string().optional().describe('Only tools of this category.'),
      limit: z.int().min(1).max(MAX_HITS).default(10).describe('Most tools to return.'),
    }),
    output: z.object({
      tools: z.array(
        z.object({
          name: z.string(),
          category: z.string(),
          title: z.string(),
          description: z.string(),
          score: z.number().describe('Higher is better; comparable only within one answer.'),
        }),
      ),
    }),
    run({ query, category, limit }, { principal }) {
      index ??= new ToolSearch([...tools.values()].map(searchEntry))
      const hits = index.search(query, tools.size).flatMap(({ name, score }) => {
        const tool = tools.get(name)
        if (tool === undefined || !permits(principal, tool.role)) return []
        if (category !== undefined && tool.category !== category) return []
        return [{ name, category: tool.category, title: tool.title, description: tool.description, score }]
      })
      return { tools: hits.slice(0, limit) }
    },
  })
}

function searchEntry({ name, category, description, inputSchema }: Callable) {
  return { name, category, description, input_schema: inputSchema }
}
