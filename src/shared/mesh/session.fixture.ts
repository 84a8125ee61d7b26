import type { Stream } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { CallToolRequestSchema, CreateMessageRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { type Clock, systemClock } from '../clock.ts'
import { silentLogger } from '../logger.ts'
import { encodeFrame, FrameDecoder, parseBody } from './frame.ts'
import { createSession, type MeshSession } from './session.ts'
import type { Session } from './session-contract.ts'
import { DEFAULT_SESSION_LIMITS, type SessionLimits } from './session-limits.ts'

/** A session of ours and the bare stream of its peer, in memory: for faults by the byte. */
export async function sessionAndRawPeer(
  options: {
    limits?: Partial<SessionLimits>
    clock?: Clock
    direction?: 'inbound' | 'outbound'
    isTrusted?: () => boolean
  } = {},
): Promise<{ session: MeshSession; raw: RawPeer }> {
  const [peer, own] = await streamPair()
  const session = createSession({
    stream: own,
    peerId: 'peer',
    direction: options.direction ?? 'inbound',
    path: 'tcp',
    limits: { ...DEFAULT_SESSION_LIMITS, ...options.limits },
    clock: options.clock ?? systemClock,
    logger: silentLogger,
    isTrusted: options.isTrusted ?? (() => true),
  })
  return { session, raw: new RawPeer(peer) }
}

/** The far end of a stream, as JSON frames or bytes. */
export class RawPeer {
  readonly stream: Stream
  readonly received: Record<string, unknown>[] = []
  readonly #decoder = new FrameDecoder(64 * 1024 * 1024)
  #changed = Promise.withResolvers<void>()

  constructor(stream: Stream) {
    this.stream = stream
    stream.addEventListener('message', event => {
      const chunks = event.data instanceof Uint8Array ? [event.data] : event.data
      for (const chunk of chunks) {
        for (const body of this.#decoder.push(chunk)) {
          this.received.push(parseBody(body) as Record<string, unknown>)
        }
      }
      this.#changed.resolve()
      this.#changed = Promise.withResolvers()
    })
  }

  send(message: unknown): void {
    this.stream.send(encodeFrame(JSON.stringify(message)))
  }

  /** The first received message that fits, now or later. */
  async until(fits: (message: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.received.find(fits)
      if (found !== undefined) return found
      await this.#changed.promise
    }
  }
}

export type ToolFn = (
  name: string,
  args: Record<string, unknown>,
  extra: { signal: AbortSignal; server: Server; progress: (done: number) => Promise<void> },
) => Promise<Record<string, unknown>>

export interface McpSide {
  client: Client
  server: Server
}

/** An SDK client and server on a session; tools by `tool`, samplings answered by the side's name. */
export async function mcpSide(session: Session, name: string, tool: ToolFn): Promise<McpSide> {
  const server = new Server({ name, version: '1' }, { capabilities: { tools: {} } })
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
    const token = params._meta?.progressToken
    const progress = async (done: number) => {
      if (token === undefined) return
      await extra.sendNotification({
        method: 'notifications/progress',
        params: { progressToken: token, progress: done },
      })
    }
    const result = await tool(params.name, params.arguments ?? {}, { signal: extra.signal, server, progress })
    return { content: [], structuredContent: result }
  })
  await server.connect(session.serverTransport)
  const client = new Client({ name, version: '1' }, { capabilities: { sampling: {} } })
  client.setRequestHandler(CreateMessageRequestSchema, async ({ params }) => ({
    model: name,
    role: 'assistant',
    content: { type: 'text', text: `${name} says ${params.maxTokens}` },
  }))
  await client.connect(session.clientTransport)
  return { client, server }
}
