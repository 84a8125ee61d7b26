import { z } from 'zod'
import type { Json, JsonObject, Repeat, ToolDescriptor } from '../../tools/tool.ts'
import { InvalidDefinitionError } from '../errors.ts'
import { compile, type ToolBook } from './compile.ts'
import { parseDefinition } from './parse.ts'
import type { Plan } from './plan.ts'

/** A tool as the catalogue knows it, by the schemas of what goes in and out. */
function toolOf(name: string, input: z.ZodObject, output: z.ZodObject, repeat: Repeat): ToolDescriptor {
  return {
    name,
    category: 'test',
    title: name,
    description: name,
    effects: { repeat, reach: [] },
    platforms: ['node'],
    inline_max_bytes: 0,
    input_schema: schemaOf(input, 'input'),
    output_schema: schemaOf(output, 'output'),
    interface_cid: name,
    code_cid: name,
    module: `${name}.ts`,
  }
}

function schemaOf(schema: z.ZodObject, io: 'input' | 'output'): JsonObject {
  return JSON.parse(JSON.stringify(z.toJSONSchema(schema, { io })))
}

const said = z.object({ text: z.string() })

const TOOLS = [
  toolOf('say', z.strictObject({ text: z.string(), times: z.int().min(1).max(9).optional() }), said, 'pure'),
  toolOf('send', z.strictObject({ text: z.string(), to: z.enum(['ann', 'bob']) }), said, 'once'),
  toolOf(
    'split',
    z.strictObject({ text: z.string() }),
    z.object({
      parts: z.array(z.object({ text: z.string(), size: z.int() })),
      total: z.int(),
      note: z.string().optional(),
    }),
    'pure',
  ),
  toolOf('sum', z.strictObject({ numbers: z.array(z.number()) }), z.object({ sum: z.number() }), 'pure'),
  toolOf('any', z.looseObject({}), z.looseObject({}), 'idempotent'),
]

/** `say`, `send`, `split`, `sum` and `any`. */
export const TEST_TOOLS: ToolBook = {
  tool: name => TOOLS.find(tool => tool.name === name),
  names: () => TOOLS.map(tool => tool.name),
}

/** Throws what parsing and compiling throw. */
export function planOf(definition: unknown): Plan {
  return compile(parseDefinition(definition), TEST_TOOLS)
}

/** The messages of all faults of a definition; none when it is right. */
export function faultsOf(definition: unknown): string[] {
  try {
    planOf(definition)
    return []
  } catch (error) {
    if (error instanceof InvalidDefinitionError)
      return (error.details.faults ?? []).map(({ message }) => message)
    throw error
  }
}

/** The faults of a workflow of these steps. */
export function faultsOfSteps(...steps: Json[]): string[] {
  return faultsOf({ name: 'test', steps })
}
