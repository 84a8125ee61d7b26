import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import type { Principal } from '../../shared/authority/principal.ts'
import type { Logger } from '../../shared/logger.ts'
import { type ServedSurface, serveSurface } from '../../shared/mcp/binding/serve-surface.ts'
import type { Surface } from '../../shared/mcp/surface.ts'
import type { ReplayLog } from './replay-log.ts'

/** JSON-RPC leaves this code to the implementation; here: the answer to a request that its client cancelled. */
const CANCELLED = -32000

export interface McpSessionInit {
  id: string
  /** Who opened it: nobody else may use it. */
  principal: Principal
  surface: Surface
  replay: ReplayLog
  maxBodyBytes: number
  /** Monotonic milliseconds. */
  now(): number
  logger: Logger
}

/** One client's MCP session over streamable HTTP. */
export class McpSession {
  readonly id: string
  #principal: Principal
  readonly #init: McpSessionInit
  readonly #transport: WebStandardStreamableHTTPServerTransport
  #served: ServedSurface | undefined
  #lastUsed: number
  #openStreams = 0
  #initialized = false
  #ended = false

  private constructor(init: McpSessionInit) {
    this.id = init.id
    this.#init = init
    this.#principal = init.principal
    this.#lastUsed = init.now()
    this.#transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => init.id,
      onsessioninitialized: () => {
        this.#initialized = true
      },
      eventStore: init.replay.storeOf(init.id),
      maxRequestBodySize: init.maxBodyBytes,
    })
  }

  static async open(init: McpSessionInit, onEnd: () => void): Promise<McpSession> {
    const session = new McpSession(init)
    // Set before the Server connects: it hears of the end after we do.
    session.#transport.onclose = () => {
      session.#ended = true
      onEnd()
    }
    session.#served = await serveSurface(init.surface, {
      transport: session.#transport,
      principal: () => (session.#ended ? undefined : session.#principal),
      logger: init.logger,
      onCancelled: id => session.#answerCancelled(id),
    })
    return session
  }

  /** Whether its client has completed `initialize`. */
  get initialized(): boolean {
    return this.#initialized
  }

  /** Milliseconds since it was last used; 0 while a client listens to it. */
  get idleMs(): number {
    return this.#openStreams > 0 ? 0 : this.#init.now() - this.#lastUsed
  }

  /** Who opened it. */
  get principalId(): string {
    return this.#principal.id
  }

  /** The roles that hold are those of the latest request. */
  async handle(request: Request, principal: Principal): Promise<Response> {
    this.#principal = principal
    this.#lastUsed = this.#init.now()
    if (request.method !== 'GET') return this.#transport.handleRequest(request)

    const lastEventId = request.headers.get('last-event-id')
    const rest = lastEventId === null ? undefined : this.#init.replay.finishedAfter(this.id, lastEventId)
    // The SDK would replay them and then keep a stream open on which nothing more can come.
    if (rest !== undefined) return eventStream(rest)
    return this.#counted(await this.#transport.handleRequest(request))
  }

  async close(): Promise<void> {
    await this.#served?.close()
  }

  /**
   * MCP sends no answer to a cancelled request, but over HTTP its stream, and all that the transport keeps for
   * it, ends only with one. A client ignores answers that it no longer waits for.
   */
  #answerCancelled(id: string | number): void {
    if (this.#ended) return
    const error = { code: CANCELLED, message: 'cancelled by the client' }
    this.#transport.send({ jsonrpc: '2.0', id, error }).catch(reason => {
      this.#init.logger('debug', 'a cancelled request was already gone', { error: String(reason) })
    })
  }

  #counted(response: Response): Response {
    if (!response.ok || response.body === null) return response
    this.#openStreams += 1
    const end = (): void => {
      this.#openStreams -= 1
      this.#lastUsed = this.#init.now()
    }
    const body = watched(response.body, end)
    return new Response(body, { status: response.status, headers: response.headers })
  }
}

function eventStream(events: readonly { id: string; message: object }[]): Response {
  const body = events.map(
    ({ id, message }) => `event: message\nid: ${id}\ndata: ${JSON.stringify(message)}\n\n`,
  )
  return new Response(body.join(''), {
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-cache, no-transform' },
  })
}

/** The same stream; `onEnd` is called once, when it ends or its reader goes. */
function watched(stream: ReadableStream<Uint8Array>, onEnd: () => void): ReadableStream<Uint8Array> {
  const reader = stream.getReader()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read()
      if (!done) return controller.enqueue(value)
      onEnd()
      controller.close()
    },
    async cancel(reason) {
      onEnd()
      await reader.cancel(reason)
    },
  })
}
