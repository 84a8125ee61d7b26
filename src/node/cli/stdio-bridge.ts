/** MCP on the standard input and output, carried to the `/mcp` of a running node and back, message by message. */
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import {
  ErrorCode,
  InitializeResultSchema,
  isJSONRPCRequest,
  isJSONRPCResultResponse,
  type JSONRPCMessage,
} from '@modelcontextprotocol/sdk/types.js'
import { factsOf } from '../../shared/errors.ts'
import type { MeshTarget } from './mesh-client.ts'
import { clientError } from './mesh-errors.ts'

/** Serves until the client closes the input. */
export async function bridgeStdio({ url, token }: MeshTarget): Promise<void> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const http = new StreamableHTTPClientTransport(new URL('/mcp', url), { requestInit: { headers } })
  const stdio = new StdioServerTransport()
  const ended = new Promise<void>(resolve => {
    process.stdin.once('end', resolve)
    stdio.onclose = resolve
  })
  relay(stdio, http, url)
  await http.start()
  await stdio.start()
  await ended
  await http.terminateSession().catch(() => undefined)
  await http.close()
}

function relay(stdio: StdioServerTransport, http: StreamableHTTPClientTransport, url: string): void {
  let initialize: string | number | undefined
  stdio.onmessage = message => {
    if (isJSONRPCRequest(message) && message.method === 'initialize') initialize = message.id
    http.send(message).catch(error => refuse(stdio, message, clientError(error, url)))
  }
  http.onmessage = message => {
    if (isJSONRPCResultResponse(message) && message.id === initialize) agree(http, message.result)
    void stdio.send(message)
  }
  http.onerror = error => process.stderr.write(`toolmesh: ${factsOf(clientError(error, url)).message}\n`)
}

/** Requests after the first carry the revision that the node chose in a header (MCP "Transports: protocol version header"). */
function agree(http: StreamableHTTPClientTransport, result: unknown): void {
  const initialized = InitializeResultSchema.safeParse(result)
  if (initialized.success) http.setProtocolVersion(initialized.data.protocolVersion)
}

/** A request that did not reach the node is answered here: nobody else will. */
function refuse(stdio: Transport, message: JSONRPCMessage, error: unknown): void {
  if (!isJSONRPCRequest(message)) return
  const facts = factsOf(error)
  const answer = { code: ErrorCode.InternalError, message: facts.message, data: facts }
  void stdio.send({ jsonrpc: '2.0', id: message.id, error: answer })
}
