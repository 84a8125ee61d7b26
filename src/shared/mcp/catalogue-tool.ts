import { CATALOGUE_TOOL_ROLE } from '../authority/roles.ts'
import type { RuntimeCall } from '../router/runtime.ts'
import { ToolFailedError } from '../tools/errors.ts'
import type { Json, ToolDescriptor } from '../tools/tool.ts'
import { validateAgainst } from '../tools/validate.ts'
import type { SurfaceTool, ToolAnnotations } from './surface.ts'

/** What the surface needs of the catalogue. */
export interface ToolCatalogue {
  list(): readonly ToolDescriptor[]
}

/** What the surface needs of the router. */
export interface CallRouter {
  call(call: RuntimeCall): Promise<Json>
}

/**
 * A tool of the catalogue as the surface calls it: input checked, run wherever the router finds best, output
 * checked. Throws `invalid_input`, `tool_failed`, and what the router throws.
 */
export function catalogueTool(tool: ToolDescriptor, router: CallRouter, timeoutMs: number): SurfaceTool {
  return {
    name: tool.name,
    category: tool.category,
    title: tool.title,
    description: tool.description,
    role: CATALOGUE_TOOL_ROLE,
    inputSchema: tool.input_schema,
    outputSchema: tool.output_schema,
    annotations: annotationsOf(tool),
    async call(input, { signal, onProgress, onLog }) {
      validateAgainst(tool.input_schema, input, 'input')
      const output = await router.call({
        tool,
        input,
        timeoutMs,
        signal,
        ...(onProgress === undefined ? {} : { onProgress }),
        ...(onLog === undefined ? {} : { onLog }),
      })
      checkOutput(tool, output)
      return output
    },
  }
}

/** A peer's answer is not trusted to fit the schema that this node published. */
function checkOutput(tool: ToolDescriptor, output: Json): void {
  try {
    validateAgainst(tool.output_schema, output, 'output')
  } catch (error) {
    throw new ToolFailedError(tool.name, `its output does not fit its schema: ${messageOf(error)}`, error)
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function annotationsOf({ effects }: ToolDescriptor): ToolAnnotations {
  const readOnly = effects.repeat === 'pure'
  return {
    readOnlyHint: readOnly,
    destructiveHint: effects.repeat === 'once' && effects.reach.length > 0,
    idempotentHint: effects.repeat !== 'once',
    openWorldHint: effects.reach.includes('network'),
  }
}
