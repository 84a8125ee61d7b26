/** MCP on the standard input and output, carried to the `/mcp` of a running node and back, message by message. */
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import {
  ErrorCode,
  InitializeResultSchema,
  isJSONRPCErrorResponse,
  isJSONRPCRequest,
  isJSONRPCResultResponse,
  type JSONRPCMessage,
  type RequestId,
} from '@modelcontextprotocol/sdk/types.js'
import { factsOf } from '../../shared/errors.ts'
import type { MeshTarget } from './mesh-client.ts'
import { clientError } from './mesh-errors.ts'

/** How long answers may still come after the client closed the input, ms. */
const LAST_ANSWERS_MS = 30_000

/** Serves until the client has closed the input and what it asked is answered. */
export async function bridgeStdio({ url, token }: MeshTarget): Promise<void> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const http = new StreamableHTTPClientTransport(new URL('/mcp', url), { requestInit: { headers } })
  const bridge = new Bridge(new StdioServerTransport(), http, url)
  const ended = new Promise<void>(resolve => process.stdin.once('end', resolve))
  await bridge.start()
  await ended
  await bridge.idle(AbortSignal.timeout(LAST_ANSWERS_MS))
  await http.terminateSession().catch(() => undefined)
  await http.close()
}

class Bridge {
  readonly #stdio: StdioServerTransport
  readonly #http: StreamableHTTPClientTransport
  readonly #url: string
  /** Requests of the client without an answer so far. */
  readonly #asked = new Set<RequestId>()
  #initialize: RequestId | undefined
  /** Settles when `initialize` is answered: until then there is no session for what comes after. */
  readonly #initialized = Promise.withResolvers<void>()
  #onIdle = (): void => {}

  constructor(stdio: StdioServerTransport, http: StreamableHTTPClientTransport, url: string) {
    this.#stdio = stdio
    this.#http = http
    this.#url = url
    stdio.onmessage = message => void this.#toNode(message)
    http.onmessage = message => void this.#toClient(message)
    http.onerror = error => process.stderr.write(`toolmesh: ${factsOf(clientError(error, url)).message}\n`)
  }

  async start(): Promise<void> {
    await this.#http.start()
    await this.#stdio.start()
  }

  /** Resolves when everything asked is answered, or with the signal. */
  async idle(signal: AbortSignal): Promise<void> {
    if (this.#asked.size === 0) return
    await new Promise<void>(resolve => {
      this.#onIdle = resolve
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  async #toNode(message: JSONRPCMessage): Promise<void> {
    if (isJSONRPCRequest(message)) this.#asked.add(message.id)
    if (isJSONRPCRequest(message) && message.method === 'initialize') this.#initialize = message.id
    else await this.#initialized.promise
    try {
      await this.#http.send(message)
    } catch (error) {
      await this.#refuse(message, clientError(error, this.#url))
    }
  }

  async #toClient(message: JSONRPCMessage): Promise<void> {
    if (isJSONRPCResultResponse(message) && message.id === this.#initialize) this.#agree(message.result)
    await this.#stdio.send(message)
    if (isJSONRPCResultResponse(message) || isJSONRPCErrorResponse(message)) this.#answered(message.id)
  }

  /** Requests after the first carry the revision that the node chose in a header (MCP "Transports: protocol version header"). */
  #agree(result: unknown): void {
    const initialized = InitializeResultSchema.safeParse(result)
    if (initialized.success) this.#http.setProtocolVersion(initialized.data.protocolVersion)
  }

  /** A request that did not reach the node is answered here: nobody else will. */
  async #refuse(message: JSONRPCMessage, error: unknown): Promise<void> {
    if (!isJSONRPCRequest(message)) return
    const data = factsOf(error)
    await this.#toClient({
      jsonrpc: '2.0',
      id: message.id,
      error: { code: ErrorCode.InternalError, message: data.message, data },
    })
  }

  #answered(id: RequestId | undefined): void {
    if (id === undefined) return
    this.#asked.delete(id)
    if (id === this.#initialize) this.#initialized.resolve()
    if (this.#asked.size === 0) this.#onIdle()
  }
}
