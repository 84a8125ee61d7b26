import { ERROR_TABLE, factsOf } from '../errors.ts'
import type { Json } from '../tools/tool.ts'
import { isJsonObject } from './json-object.ts'
import type { CallResult } from './surface.ts'

/** A tool's output as MCP carries it: structured, and unless it is not wanted as text for clients that read only that. */
export function resultOf(output: Json, structuredOnly = false): CallResult {
  if (!isJsonObject(output)) return { content: [textOf(output)] }
  return { content: structuredOnly ? [] : [textOf(output)], structuredContent: output }
}

function textOf(output: Json): { type: 'text'; text: string } {
  return { type: 'text', text: JSON.stringify(output) }
}

/** A failure as MCP carries it; throws it again where the error table makes it a protocol error. */
export function errorResultOf(error: unknown): CallResult {
  const facts = factsOf(error)
  if (ERROR_TABLE[facts.code].jsonrpc !== 'result') throw error
  return {
    content: [{ type: 'text', text: `${facts.code}: ${facts.message}` }],
    ...(isJsonObject(facts) ? { structuredContent: facts } : {}),
    isError: true,
  }
}
