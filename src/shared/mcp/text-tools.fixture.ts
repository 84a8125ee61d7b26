import type { Principal, Role } from '../authority/principal.ts'
import type { RuntimeCall } from '../router/runtime.ts'
import { Catalogue } from '../tools/catalogue.ts'
import type { Json, ToolDescriptor } from '../tools/tool.ts'

/** For the tests of this part: a principal of these roles. */
export function principalWith(id: string, ...roles: Role[]): Principal {
  return { id, roles: new Set(roles) }
}

/** For the tests of this part: a tool whose input and output are `{text}`. */
export function textTool(name: string, description = `The tool ${name}.`): ToolDescriptor {
  const schema = {
    type: 'object',
    properties: { text: { type: 'string' } },
    required: ['text'],
    additionalProperties: false,
  }
  return {
    name,
    category: 'text',
    title: name,
    description,
    effects: { repeat: 'pure', reach: [] },
    platforms: ['node', 'browser'],
    inline_max_bytes: 0,
    input_schema: { ...schema },
    output_schema: { ...schema },
    interface_cid: `interface-${name}`,
    code_cid: `code-${name}`,
    module: `text/${name}.ts`,
  }
}

export const textCatalogue = new Catalogue([
  textTool('text_echo', 'Returns the text that it was given, unchanged.'),
  textTool('text_shout', 'Turns text to upper case letters.'),
])

/** For the tests of this part: runs each call by the function given for its tool. */
export function routerOf(runs: Record<string, (call: RuntimeCall) => Promise<Json> | Json>) {
  return {
    async call(call: RuntimeCall): Promise<Json> {
      const run = runs[call.tool.name]
      if (run === undefined) throw new Error(`no run for ${call.tool.name}`)
      return run(call)
    },
  }
}
