import type { Principal } from '../../shared/authority/principal.ts'
import type { JsonObject } from '../../shared/tools/tool.ts'
import type { Node } from '../node.ts'

/** Whoever starts a node owns it. */
const OWNER: Principal = { id: 'local', roles: new Set(['admin']) }

/** Longer than any of the node's own tools takes, ms. */
const OWN_CALL_MS = 10_000

/** Calls a tool of a node in this process as its owner. */
export async function asOwner(node: Node, tool: string, input: JsonObject): Promise<JsonObject> {
  const context = { principal: OWNER, signal: AbortSignal.timeout(OWN_CALL_MS) }
  const result = await node.surface.callTool(tool, input, context)
  if (result.isError !== true) return result.structuredContent ?? {}
  // Late, as it brings the MCP client with it, which a start has no use for.
  const { resultError } = await import('./mesh-errors.ts')
  throw resultError(result)
}
