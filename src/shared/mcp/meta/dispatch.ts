import { z } from 'zod'
import { METHOD_ROLES } from '../../authority/roles.ts'
import type { JsonObject } from '../../tools/tool.ts'
import type { Callable } from '../callable.ts'
import { jsonObject } from '../json-object.ts'
import { jsonSchemaOf } from '../json-schema.ts'
import { parseInput } from '../parse-input.ts'
import type { CallContext, CallResult } from '../surface.ts'
import { chosenTool, toolChoice } from './tool-choice.ts'

const input = z.strictObject({
  ...toolChoice,
  params: jsonObject.optional().describe('Parameters of the tool, as its schema says; {} when left out.'),
  parameters: jsonObject.optional().describe('Another name for `params`.'),
  arguments: jsonObject.optional().describe('Another name for `params`.'),
})

/** Calls another tool and gives its result back unchanged; progress, logs and cancellation pass through. */
export function dispatchTool(
  tools: ReadonlyMap<string, Callable>,
  callTool: (name: string, input: JsonObject, context: CallContext) => Promise<CallResult>,
): Callable {
  return {
    name: 'tools_dispatch',
    category: 'tools',
    title: 'Call a tool',
    description:
      'Calls any tool of this server by its name and returns its result unchanged. Parameters are checked against the schema that tools_get_schema shows.',
    role: METHOD_ROLES.tools_dispatch,
    inputSchema: jsonSchemaOf(input, 'input'),
    async answer(value, context) {
      const choice = parseInput(input, value)
      const { name } = chosenTool(tools, choice)
      return callTool(name, choice.params ?? choice.parameters ?? choice.arguments ?? {}, context)
    },
  }
}
