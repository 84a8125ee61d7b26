import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import {
  StreamableHTTPClientTransport,
  StreamableHTTPError,
} from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ErrorCode, McpError, ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { CfWorkerJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/cfworker'
import { z } from 'zod'
import { plainMessage } from './plain-message.ts'
import { tellingStreamEnd } from './stream-end.ts'
import { errorView } from './view-schemas.ts'

/** How long one request may take; the node answers reads from memory. */
const REQUEST_TIMEOUT_MS = 10_000

/** Why a session could not be made or ended. */
export type SessionLoss =
  | { kind: 'unauthenticated' }
  /** The node knows who this is and does not let them read. */
  | { kind: 'refused'; message: string }
  | { kind: 'lost'; message: string }

/** A tool or resource answered with an error. */
export class MeshAnswerError extends Error {
  override name = 'MeshAnswerError'
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** One MCP session with the node. It ends at the first sign of trouble: everything shown can be read again. */
export interface MeshSession {
  subscribe(uri: string): Promise<void>
  unsubscribe(uri: string): Promise<void>
  read<T>(uri: string, schema: z.ZodType<T>): Promise<T>
  /** `timeoutMs`: for one that takes longer than reads do. */
  call<T>(tool: string, input: Record<string, unknown>, schema: z.ZodType<T>, timeoutMs?: number): Promise<T>
  close(): void
}

export interface MeshSessionInit {
  url: URL
  bearer: string | undefined
  /** A subscribed resource has changed. */
  onUpdated(uri: string): void
  /** Called at most once, never after `close`. */
  onLost(loss: SessionLoss): void
}

/** Opens a session. Rejects with what `openingLossOf` understands. */
export async function openMeshSession(init: MeshSessionInit): Promise<MeshSession> {
  let ended = false
  const lose = (error: unknown) => {
    const loss = lossOf(error)
    if (ended || loss === undefined) return
    end()
    init.onLost(loss)
  }
  const transport = new StreamableHTTPClientTransport(init.url, {
    fetch: tellingStreamEnd(() => lose(new Error('the stream has ended'))),
    ...(init.bearer === undefined
      ? {}
      : { requestInit: { headers: { authorization: `Bearer ${init.bearer}` } } }),
    // A broken stream ends the session: resuming would only replay notices of what is read anew anyway.
    reconnectionOptions: {
      maxRetries: 0,
      initialReconnectionDelay: 0,
      maxReconnectionDelay: 0,
      reconnectionDelayGrowFactor: 1,
    },
  })
  const client = new Client(
    { name: 'toolmesh-dashboard', version: '1.0.0' },
    { jsonSchemaValidator: new CfWorkerJsonSchemaValidator() },
  )
  const end = () => {
    ended = true
    void client.close()
  }
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, notice =>
    init.onUpdated(notice.params.uri),
  )
  try {
    await client.connect(transport, { timeout: REQUEST_TIMEOUT_MS })
  } catch (error) {
    end()
    throw error
  }
  client.onerror = error => {
    if (!NOT_RESUMED.test(error.message)) lose(error)
  }

  const request = async <R>(run: () => Promise<R>): Promise<R> => {
    try {
      return await run()
    } catch (error) {
      lose(error)
      throw error
    }
  }
  const options = { timeout: REQUEST_TIMEOUT_MS }
  return {
    async subscribe(uri) {
      await request(() => client.subscribeResource({ uri }, options))
    },
    async unsubscribe(uri) {
      await request(() => client.unsubscribeResource({ uri }, options))
    },
    async read(uri, schema) {
      const { contents } = await request(() => client.readResource({ uri }, options))
      const [content] = contents
      if (content === undefined || !('text' in content))
        throw new MeshAnswerError('not_found', `${uri} is empty.`)
      return schema.parse(JSON.parse(content.text))
    },
    async call(tool, input, schema, timeout = REQUEST_TIMEOUT_MS) {
      const result = await request(() =>
        client.callTool({ name: tool, arguments: input }, undefined, { timeout }),
      )
      if (result.isError === true) throw answerError(result.structuredContent)
      return schema.parse(result.structuredContent)
    },
    close: () => {
      if (!ended)
        void transport
          .terminateSession()
          .catch(() => {})
          .finally(end)
    },
  }
}

/**
 * The transport says so of each stream that ended without a result, which the answer to a request that failed is too;
 * of the stream of notices `tellingStreamEnd` tells.
 */
const NOT_RESUMED = /^Maximum reconnection attempts/

/** Why a session could not be opened, whatever went wrong. */
export function openingLossOf(error: unknown): SessionLoss {
  const known = lossOf(error)
  if (known !== undefined) return known
  const message = plainMessage(error)
  const refused = error instanceof McpError || (error instanceof StreamableHTTPError && error.code === 403)
  return refused
    ? { kind: 'refused', message: `This access is not enough: ${message}.` }
    : { kind: 'lost', message }
}

/**
 * What an error says about the session: undefined if it concerns one request only.
 * 404 is how a node tells that it does not know the session, as after a restart.
 */
export function lossOf(error: unknown): SessionLoss | undefined {
  if (error instanceof StreamableHTTPError) {
    const status = error.code ?? 0
    if (status === 401) return { kind: 'unauthenticated' }
    if (status === 403 || status === 413 || status === 429) return undefined
    return {
      kind: 'lost',
      message: status === 404 ? 'The node was restarted.' : `The node answered ${status}.`,
    }
  }
  if (error instanceof McpError) {
    // The node's own -32001 (unauthenticated, forbidden) shares its number with the SDK's local timeout.
    return error.code === ErrorCode.RequestTimeout && /timed out/i.test(error.message)
      ? { kind: 'lost', message: 'The node did not answer in time.' }
      : undefined
  }
  if (error instanceof MeshAnswerError || error instanceof z.ZodError) return undefined
  return { kind: 'lost', message: 'The node does not answer.' }
}

function answerError(content: unknown): MeshAnswerError {
  const told = errorView.safeParse(content)
  return told.success
    ? new MeshAnswerError(told.data.code, told.data.message)
    : new MeshAnswerError('internal', 'The tool failed without saying why.')
}
