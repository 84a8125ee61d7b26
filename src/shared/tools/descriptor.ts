import { z } from 'zod'
import { cidOf } from '../artifacts/cid.ts'
import { BadToolError } from './errors.ts'
import { isJson } from './json.ts'
import type { JsonSchema, Tool, ToolDescriptor } from './tool.ts'

/** Where a tool's code is, and the CID over all of it. */
export interface ToolCode {
  module: string
  codeCid: string
}

/** The plain description of a tool: schemas as JSON Schema 2020-12. Throws {@link BadToolError} for schemas that have none. */
export function describeTool(tool: Tool, code: ToolCode): ToolDescriptor {
  const definition = {
    name: tool.name,
    category: tool.category,
    title: tool.title,
    description: tool.description,
    effects: { repeat: tool.effects.repeat, reach: [...tool.effects.reach] },
    platforms: [...tool.platforms],
    inline_max_bytes: tool.inlineMaxBytes,
    input_schema: jsonSchemaOf(tool, 'input'),
    output_schema: jsonSchemaOf(tool, 'output'),
  }
  return { ...definition, interface_cid: cidOf(definition), code_cid: code.codeCid, module: code.module }
}

function jsonSchemaOf(tool: Tool, io: 'input' | 'output'): JsonSchema {
  let schema: unknown
  try {
    schema = z.toJSONSchema(tool[io], { target: 'draft-2020-12', io, override: dropIntegerBounds })
  } catch (error) {
    throw new BadToolError(tool.name, `its ${io} has no JSON Schema`, error)
  }
  // What zod makes is JSON once its own non-enumerable bookkeeping is left behind.
  const plain: unknown = JSON.parse(JSON.stringify(schema))
  if (
    !isJson(plain) ||
    typeof plain !== 'object' ||
    plain === null ||
    Array.isArray(plain) ||
    plain.type !== 'object'
  ) {
    throw new BadToolError(tool.name, `its ${io} must be an object at the root`)
  }
  return plain
}

/** zod writes the bounds of safe integers at every integer: noise for an agent that reads the schema. */
function dropIntegerBounds({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
}
