import type { z } from 'zod'
import { METHOD_ROLES } from '../authority/roles.ts'
import { isJsonObject } from './json-object.ts'
import { jsonSchemaOf } from './json-schema.ts'
import { parseInput } from './parse-input.ts'
import type { CallContext, SurfaceTool, ToolAnnotations } from './surface.ts'

export interface SurfaceToolDefinition<I extends z.ZodObject, O extends z.ZodObject> {
  /** Its role is what the one table of roles says of this name. */
  name: keyof typeof METHOD_ROLES
  category: string
  title: string
  description: string
  annotations?: ToolAnnotations
  /** A strict object: a parameter that it does not know is refused by name. */
  input: I
  output: O
  run(input: z.output<I>, context: CallContext): Promise<z.input<O>> | z.input<O>
}

/**
 * A tool that the node itself answers, from zod schemas: its listing carries them as JSON Schema 2020-12, its
 * input is parsed by them. Throws `invalid_input` from `call` for what does not fit.
 */
export function defineSurfaceTool<I extends z.ZodObject, O extends z.ZodObject>(
  definition: SurfaceToolDefinition<I, O>,
): SurfaceTool {
  const { name, category, title, description, annotations, input, output, run } = definition
  return {
    name,
    category,
    title,
    description,
    role: METHOD_ROLES[name],
    inputSchema: jsonSchemaOf(input, 'input'),
    outputSchema: jsonSchemaOf(output, 'output'),
    ...(annotations === undefined ? {} : { annotations }),
    async call(value, context) {
      const result = await run(parseInput(input, value), context)
      if (!isJsonObject(result)) throw new TypeError(`${name} answered no object`)
      return result
    },
  }
}
