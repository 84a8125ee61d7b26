import type { JsonObject } from '../tools/tool.ts'
import { resultOf } from './call-result.ts'
import type { CallContext, CallResult, SurfaceTool } from './surface.ts'

/** A tool as the surface calls it: what it gives back is MCP's result already. */
export interface Callable extends Omit<SurfaceTool, 'call'> {
  answer(input: JsonObject, context: CallContext): Promise<CallResult>
}

export function callableOf(tool: SurfaceTool): Callable {
  const { call, ...listing } = tool
  return {
    ...listing,
    answer: async (input, context) => resultOf(await call(input, context), context.structuredOnly),
  }
}
