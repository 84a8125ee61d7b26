import { z } from 'zod'
import { InvalidInputError, ToolmeshError } from '../../errors.ts'
import { closestName } from '../../tools/closest-name.ts'
import type { Callable } from '../callable.ts'

/** The parameters by which a meta tool is told of another tool. */
export const toolChoice = {
  category: z.string().optional().describe('Category of the tool; may be left out, as names are unique.'),
  tool: z.string().optional().describe('Name of the tool.'),
  tool_name: z.string().optional().describe('Another name for `tool`.'),
}

export interface ToolChoice {
  category?: string | undefined
  tool?: string | undefined
  tool_name?: string | undefined
}

/** The chosen tool. Throws `invalid_input` or `not_found`, with the name that was probably meant. */
export function chosenTool(tools: ReadonlyMap<string, Callable>, choice: ToolChoice): Callable {
  const name = choice.tool ?? choice.tool_name
  if (name === undefined) throw new InvalidInputError('/tool', undefined, 'the name of a tool')
  const tool = tools.get(name)
  if (tool === undefined) throw new NoSuchToolError(name, closestName(name, tools.keys()))
  if (choice.category !== undefined && choice.category !== tool.category) {
    throw new InvalidInputError('/category', choice.category, `${tool.category}, the category of ${name}`)
  }
  return tool
}

/** A meta tool was told the name of a tool that is not there: a result, unlike an unknown name in `tools/call`. */
export class NoSuchToolError extends ToolmeshError {
  constructor(name: string, suggestion: string | undefined) {
    const hint = suggestion === undefined ? 'find tools with tools_search' : `did you mean ${suggestion}?`
    super('not_found', `no tool ${JSON.stringify(name)}; ${hint}`, {
      field: '/tool',
      value: name,
      ...(suggestion === undefined ? {} : { allowed: suggestion }),
    })
  }
}
