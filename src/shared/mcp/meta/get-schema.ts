import { z } from 'zod'
import type { Callable } from '../callable.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import { jsonObject } from '../json-object.ts'
import type { SurfaceTool } from '../surface.ts'
import { chosenTool, toolChoice } from './tool-choice.ts'

export function getSchemaTool(tools: ReadonlyMap<string, Callable>): SurfaceTool {
  return defineSurfaceTool({
    name: 'tools_get_schema',
    category: 'tools',
    title: 'Get the schema of a tool',
    description:
      'Returns the JSON Schemas (2020-12) of the input and output of one tool, with its description.',
    annotations: { readOnlyHint: true },
    input: z.strictObject(toolChoice),
    output: z.object({
      name: z.string(),
      category: z.string(),
      title: z.string(),
      description: z.string(),
      input_schema: jsonObject.describe('JSON Schema of the parameters.'),
      output_schema: jsonObject.optional().describe('JSON Schema of the structured result.'),
      annotations: jsonObject.optional().describe('Hints: read-only, idempotent, destructive, open world.'),
    }),
    run(choice) {
      const tool = chosenTool(tools, choice)
      return {
        name: tool.name,
        category: tool.category,
        title: tool.title,
        description: tool.description,
        input_schema: tool.inputSchema,
        ...(tool.outputSchema === undefined ? {} : { output_schema: tool.outputSchema }),
        ...(tool.annotations === undefined ? {} : { annotations: { ...tool.annotations } }),
      }
    },
  })
}
