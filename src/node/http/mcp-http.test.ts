import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema, ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Principal } from '../../shared/authority/principal.ts'
import { type Clock, ManualClock, systemClock } from '../../shared/clock.ts'
import { silentLogger } from '../../shared/logger.ts'
import { askingTool, QUESTION } from '../../shared/mcp/binding/asking-tool.fixture.ts'
import { createSurface } from '../../shared/mcp/create-surface.ts'
import { principalWith, routerOf, textCatalogue } from '../../shared/mcp/text-tools.fixture.ts'
import type { RuntimeCall } from '../../shared/router/runtime.ts'
import type { Json } from '../../shared/tools/tool.ts'
import { createMcpHttp, type McpHttpLimits } from './mcp-http.ts'
import { serveHttp } from './serve-http.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

const alice = principalWith('token:alice', 'admin')
const bob = principalWith('token:bob', 'admin')

interface Setup {
  echo?: (call: RuntimeCall) => Promise<Json> | Json
  limits?: Partial<McpHttpLimits>
  clock?: Clock
}

/** Serves /mcp on a free port; a request's principal is what its `authorization` header names. */
async function serving({ echo = call => call.input, limits = {}, clock = systemClock }: Setup = {}) {
  const listeners = new Set<() => void>()
  const surface = createSurface({
    name: 'test',
    version: '1',
    catalogue: textCatalogue,
    router: routerOf({ text_echo: echo }),
    tools: [askingTool()],
    resources: [
      {
        uri: 'mesh://overview',
        name: 'overview',
        title: 'Overview',
        description: 'A resource.',
        need: 'read',
        read: () => ({}),
        onChange(listener) {
          listeners.add(listener)
          return () => listeners.delete(listener)
        },
      },
    ],
    clock,
  })
  const mcp = createMcpHttp({ surface, clock, logger: silentLogger, limits })
  const principals: Record<string, Principal> = { alice, bob }
  const server = await serveHttp(
    request => mcp.handle(request, principals[request.headers.get('authorization') ?? ''] ?? alice),
    { host: '127.0.0.1', port: 0 },
  )
  closers.push(async () => {
    await mcp.close()
    await server.close()
  })
  const url = new URL('/mcp', server.url)

  async function connect(options: { as?: string; fetch?: typeof fetch; asked?: string[] } = {}) {
    const transport = new StreamableHTTPClientTransport(url, {
      requestInit: { headers: { authorization: options.as ?? 'alice' } },
      reconnectionOptions: {
        initialReconnectionDelay: 10,
        maxReconnectionDelay: 50,
        reconnectionDelayGrowFactor: 1,
        maxRetries: 20,
      },
      ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
    })
    const { asked } = options
    const capabilities = asked === undefined ? {} : { elicitation: {} }
    const client = new Client({ name: 'test-client', version: '1' }, { capabilities })
    if (asked !== undefined) {
      client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
        asked.push(params.message)
        return { action: 'accept', content: { ok: true } }
      })
    }
    await client.connect(transport)
    closers.push(() => client.close())
    return { client, transport }
  }
  return { mcp, url, connect, change: () => [...listeners].map(listener => listener()) }
}

const initialize = {
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
}

function post(url: URL, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: JSON.stringify(body),
  })
}

describe('questions to the user', () => {
  it('come on the stream of the call that asks, to a client that can', async () => {
    const { connect } = await serving()
    const asked: string[] = []
    const able = await connect({ asked })
    const call = { name: 'ask', arguments: {} }
    const { structuredContent } = await able.client.callTool(call)
    expect(structuredContent).toEqual({ able: true, content: { ok: true } })
    expect(asked).toEqual([QUESTION.message])
    const { client } = await connect()
    expect((await client.callTool(call)).structuredContent).toEqual({ able: false })
  })
})

describe('sessions', () => {
  it('serve two clients of the SDK side by side, and end by DELETE', async () => {
    const { mcp, connect } = await serving()
    const [first, second] = [await connect(), await connect({ as: 'bob' })]
    expect(first.transport.protocolVersion).toBe('2025-11-25')
    expect(first.transport.sessionId).not.toBe(second.transport.sessionId)
    const call = { name: 'text_echo', arguments: { text: 'hi' } }
    for (const { client } of [first, second]) {
      expect((await client.callTool(call)).structuredContent).toEqual({ text: 'hi' })
    }
    expect(mcp.sessions).toBe(2)
    await first.transport.terminateSession()
    expect(mcp.sessions).toBe(1)
    expect((await second.client.callTool(call)).structuredContent).toEqual({ text: 'hi' })
  })

  it('are unknown to others than the one that opened them', async () => {
    const { url, connect } = await serving()
    const { transport } = await connect()
    const headers = { 'mcp-session-id': transport.sessionId ?? '', 'mcp-protocol-version': '2025-11-25' }
    const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
    expect((await post(url, list, { ...headers, authorization: 'bob' })).status).toBe(404)
    expect((await post(url, list, { ...headers, authorization: 'alice' })).status).toBe(200)
    expect((await post(url, list, { ...headers, 'mcp-session-id': 'nope' })).status).toBe(404)
    expect((await post(url, list, { ...headers, 'mcp-protocol-version': '1999-01-01' })).status).toBe(400)
    expect((await post(url, list)).status).toBe(400)
    expect((await fetch(url, { headers: { accept: 'text/event-stream' } })).status).toBe(400)
  })

  it('are bounded; a new one takes the place only of one long unused', async () => {
    const clock = new ManualClock()
    const { mcp, url } = await serving({ clock, limits: { sessions: 2, giveWayMs: 60_000 } })
    for (let n = 0; n < 2; n += 1) expect((await post(url, initialize)).status).toBe(200)
    const refused = await post(url, initialize)
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toBe('10')
    expect(await refused.json()).toMatchObject({
      error: { code: -32005, message: 'all 2 MCP sessions are in use' },
    })
    await clock.advance(60_000)
    expect((await post(url, initialize)).status).toBe(200)
    expect(mcp.sessions).toBe(2)
  })

  it('end when nobody used or listened to them', async () => {
    const clock = new ManualClock()
    const { mcp, url, connect } = await serving({ clock, limits: { idleMs: 1000 } })
    await post(url, initialize)
    const { transport } = await connect()
    expect(mcp.sessions).toBe(2)
    // The SDK's client listens on its own stream.
    await vi.waitFor(async () => {
      const second = await fetch(url, {
        headers: {
          accept: 'text/event-stream',
          authorization: 'alice',
          'mcp-session-id': transport.sessionId ?? '',
        },
      })
      await second.body?.cancel()
      expect(second.status).toBe(409)
    })
    await clock.advance(2000)
    expect(mcp.sessions).toBe(1)
  })

  it('of a principal that is no more valid end at once, open streams and calls with them', async () => {
    const cut = Promise.withResolvers<void>()
    const { mcp, url, connect, change } = await serving({
      echo: ({ input, signal }) => {
        signal.addEventListener('abort', () => cut.resolve())
        return signal.aborted ? input : new Promise(() => {})
      },
    })
    const { transport } = await connect()
    const other = await connect({ as: 'bob' })
    const headers = {
      accept: 'text/event-stream, application/json',
      'mcp-session-id': transport.sessionId ?? '',
      'mcp-protocol-version': '2025-11-25',
    }
    await vi.waitFor(() => expect(mcp.sessions).toBe(2))
    const subscribe = {
      jsonrpc: '2.0',
      id: 7,
      method: 'resources/subscribe',
      params: { uri: 'mesh://overview' },
    }
    await post(url, subscribe, headers)
    const call = { name: 'text_echo', arguments: { text: 'long' } }
    const running = await post(url, { jsonrpc: '2.0', id: 8, method: 'tools/call', params: call }, headers)
    await mcp.endSessionsOf('token:alice')
    await cut.promise
    await running.text()
    expect(change()).toEqual([])
    expect((await post(url, subscribe, headers)).status).toBe(404)
    expect(mcp.sessions).toBe(1)
    await expect(other.client.ping()).resolves.toEqual({})
  })

  it('refuse what is malformed or too large', async () => {
    const { mcp, url } = await serving({ limits: { bodyBytes: 1000 } })
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
    expect((await fetch(url, { method: 'POST', headers, body: '{' })).status).toBe(400)
    expect((await post(url, { jsonrpc: '2.0' })).status).toBe(400)
    expect((await post(url, { ...initialize, padding: 'x'.repeat(2000) })).status).toBe(413)
    expect(mcp.sessions).toBe(0)
  })
})

describe('calls over HTTP', () => {
  it('carry progress in order and reach a tool with a cancel, whose stream then ends', async () => {
    const cancelled = Promise.withResolvers<void>()
    const { connect } = await serving({
      async echo({ input, signal, onProgress }) {
        for (const done of [1, 2, 3]) onProgress?.({ done })
        if (JSON.stringify(input).includes('wait')) {
          await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()))
          cancelled.resolve()
        }
        return input
      },
    })
    let ended = 0
    const countingFetch: typeof fetch = async (input, init) => {
      const response = await fetch(input, init)
      if (init?.method !== 'POST' || !String(init.body).includes('tools/call') || response.body === null)
        return response
      const [forClient, forUs] = response.body.tee()
      void (async () => {
        for await (const _ of forUs);
        ended += 1
      })()
      return new Response(forClient, { status: response.status, headers: response.headers })
    }
    const { client } = await connect({ fetch: countingFetch })
    const heard: number[] = []
    const onprogress = ({ progress }: { progress: number }) => heard.push(progress)
    await client.callTool({ name: 'text_echo', arguments: { text: 'go' } }, undefined, { onprogress })
    expect(heard).toEqual([1, 2, 3])

    const abort = new AbortController()
    const call = client.callTool({ name: 'text_echo', arguments: { text: 'wait' } }, undefined, {
      signal: abort.signal,
      onprogress: ({ progress }) => progress === 3 && abort.abort(),
    })
    await expect(call).rejects.toThrow()
    await cancelled.promise
    await vi.waitFor(() => expect(ended).toBe(2))
  })

  it.each(['before', 'after'])(
    'give the result on a new stream when the first broke %s it was there',
    async when => {
      const broken = Promise.withResolvers<void>()
      const answered = Promise.withResolvers<void>()
      const { connect } = await serving({
        async echo({ input }) {
          if (when === 'before') await broken.promise
          queueMicrotask(() => setTimeout(answered.resolve, 50))
          return input
        },
      })
      const resumed: string[] = []
      const breakingFetch: typeof fetch = async (input, init) => {
        const lastEventId = new Headers(init?.headers).get('last-event-id')
        if (lastEventId !== null) resumed.push(lastEventId)
        const response = await fetch(input, init)
        if (init?.method !== 'POST' || !String(init.body).includes('tools/call') || response.body === null)
          return response
        // Only the first event (the one that makes the stream resumable) gets through.
        const reader = response.body.getReader()
        const { value } = await reader.read()
        const first = `${new TextDecoder().decode(value).split('\n\n')[0]}\n\n`
        if (when === 'after') await answered.promise
        await reader.cancel()
        broken.resolve()
        return new Response(first, { status: 200, headers: response.headers })
      }
      const { client } = await connect({ fetch: breakingFetch })
      const result = await client.callTool({ name: 'text_echo', arguments: { text: 'kept' } })
      expect(result.structuredContent).toEqual({ text: 'kept' })
      expect(resumed).toHaveLength(1)
    },
  )

  it('tell changes of a resource on the stream of the session', async () => {
    const { connect, change } = await serving()
    const { client } = await connect()
    const updated = Promise.withResolvers<string>()
    client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) =>
      updated.resolve(params.uri),
    )
    await client.subscribeResource({ uri: 'mesh://overview' })
    change()
    expect(await updated.promise).toBe('mesh://overview')
  })
})
