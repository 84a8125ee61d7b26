import { ErrorCode } from '@modelcontextprotocol/sdk/types.js'
import { ERROR_TABLE, type ErrorFacts, factsOf } from '../../errors.ts'
import { UnknownResourceError, UnknownToolError } from '../errors.ts'

/** MCP "Resources: error handling": the JSON-RPC code for a resource that is not there. */
const RESOURCE_NOT_FOUND = -32002
/** JSON-RPC leaves -32000 to the implementation: a refusal on a method that is no tool call. */
const REFUSED = -32000

/** An error as the SDK puts it on the wire: `code` and `data` are taken as they are. */
export class RpcError extends Error {
  readonly code: number
  readonly data: ErrorFacts | undefined

  constructor(code: number, message: string, data?: ErrorFacts) {
    super(message)
    this.name = 'RpcError'
    this.code = code
    this.data = data
  }
}

/** What a JSON-RPC method answers for a thrown value; `data` holds the facts. */
export function rpcErrorOf(error: unknown): RpcError {
  if (error instanceof RpcError) return error
  const facts = factsOf(error)
  return new RpcError(codeOf(error, facts), facts.message, facts)
}

function codeOf(error: unknown, facts: ErrorFacts): number {
  if (error instanceof UnknownToolError) return ErrorCode.InvalidParams
  if (error instanceof UnknownResourceError) return RESOURCE_NOT_FOUND
  const mapped = ERROR_TABLE[facts.code].jsonrpc
  if (mapped !== 'result') return mapped
  if (facts.code === 'invalid_input') return ErrorCode.InvalidParams
  return facts.code === 'internal' ? ErrorCode.InternalError : REFUSED
}
