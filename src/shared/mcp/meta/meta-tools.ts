import type { JsonObject } from '../../tools/tool.ts'
import { type Callable, callableOf } from '../callable.ts'
import type { CallContext, CallResult } from '../surface.ts'
import { dispatchTool } from './dispatch.ts'
import { getSchemaTool } from './get-schema.ts'
import { listCategoriesTool } from './list-categories.ts'
import { listToolsTool } from './list-tools.ts'
import { searchTool } from './search.ts'

/** What the meta tools speak for. */
export interface MetaToolsComponents {
  /** Every tool of the surface by name; filled when the first call comes. */
  tools: ReadonlyMap<string, Callable>
  callTool(name: string, input: JsonObject, context: CallContext): Promise<CallResult>
}

/**
 * The five tools through which a client finds and calls all others, so that hundreds of tools cost it no more
 * than five.
 */
export function metaTools({ tools, callTool }: MetaToolsComponents): Callable[] {
  return [
    callableOf(listCategoriesTool(tools)),
    callableOf(listToolsTool(tools)),
    callableOf(getSchemaTool(tools)),
    dispatchTool(tools, callTool),
    callableOf(searchTool(tools)),
  ]
}
