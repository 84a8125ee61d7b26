import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import {
  EmptyResultSchema,
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { afterEach, describe, expect, it } from 'vitest'
import type { Principal } from '../../authority/principal.ts'
import { ManualClock } from '../../clock.ts'
import { silentLogger } from '../../logger.ts'
import type { RuntimeCall } from '../../router/runtime.ts'
import type { Json } from '../../tools/tool.ts'
import { createSurface } from '../create-surface.ts'
import type { MeshResource } from '../resources/mesh-resource.ts'
import { principalWith, routerOf, textCatalogue } from '../text-tools.fixture.ts'
import { MAX_LOG_LINES, MAX_PROGRESS } from './call-stream.ts'
import { serveSurface } from './serve-surface.ts'

const clients: Client[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close()
})

interface Setup {
  echo?: (call: RuntimeCall) => Promise<Json> | Json
  resources?: MeshResource[]
  clock?: ManualClock
  principal?: () => Principal | undefined
  maxSubscriptions?: number
}

async function connected(setup: Setup = {}): Promise<Client> {
  const { clock = new ManualClock(), principal = () => principalWith('local', 'admin') } = setup
  const surface = createSurface({
    name: 'test',
    version: '1.2.3',
    catalogue: textCatalogue,
    router: routerOf({ text_echo: setup.echo ?? (call => call.input) }),
    resources: setup.resources ?? [],
    clock,
  })
  const [clientTransport, serverTransport] = InMemoryTransport.createLinkedPair()
  await serveSurface(surface, {
    transport: serverTransport,
    principal,
    logger: silentLogger,
    ...(setup.maxSubscriptions === undefined ? {} : { maxSubscriptions: setup.maxSubscriptions }),
  })
  const client = new Client({ name: 'test-client', version: '1' })
  await client.connect(clientTransport)
  clients.push(client)
  return client
}

function counter(): MeshResource & { change(): void; watchers: number } {
  const listeners = new Set<() => void>()
  return {
    uri: 'mesh://overview',
    name: 'overview',
    title: 'Overview',
    description: 'A resource.',
    need: ['read', 'submit'],
    read: () => ({ state: 'ready' }),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    change() {
      for (const listener of listeners) listener()
    },
    get watchers() {
      return listeners.size
    },
  }
}

describe('what the server says of itself', () => {
  it('declares the capabilities that it has, and no more', async () => {
    const client = await connected()
    expect(client.getServerCapabilities()).toEqual({ tools: {}, resources: { subscribe: true }, logging: {} })
    expect(client.getServerVersion()).toMatchObject({ name: 'test', version: '1.2.3' })
    expect(client.getInstructions()).toContain('tools_search')
  })
})

describe('calls', () => {
  it('list and run tools', async () => {
    const client = await connected()
    expect((await client.listTools()).tools).toHaveLength(5)
    const result = await client.callTool({ name: 'text_echo', arguments: { text: 'hi' } })
    expect(result.structuredContent).toEqual({ text: 'hi' })
  })

  it('answer an unknown tool and an unknown method by their JSON-RPC codes', async () => {
    const client = await connected()
    await expect(client.callTool({ name: 'nope' })).rejects.toMatchObject({ code: -32602 })
    await expect(client.request({ method: 'constructor' }, EmptyResultSchema)).rejects.toMatchObject({
      code: -32601,
    })
    await expect(client.request({ method: 'prompts/list' }, EmptyResultSchema)).rejects.toMatchObject({
      code: -32601,
    })
    await expect(
      client.request({ method: 'tools/call', params: { name: 5 } }, EmptyResultSchema),
    ).rejects.toMatchObject({ code: -32602, data: { code: 'invalid_input', field: '/name' } })
  })

  it('deliver progress in order, growing, before the result', async () => {
    const client = await connected({
      async echo({ input, onProgress }) {
        for (const done of [1, 2, 2, 3]) onProgress?.({ done, total: 3, message: `step ${done}` })
        return input
      },
    })
    const heard: number[] = []
    await client.callTool({ name: 'text_echo', arguments: { text: '' } }, undefined, {
      onprogress: ({ progress }) => heard.push(progress),
    })
    expect(heard).toEqual([1, 2, 3])
  })

  it('send logs from the level that was set', async () => {
    const client = await connected({
      async echo({ input, onLog }) {
        onLog?.({ level: 'debug', message: 'quiet' })
        onLog?.({ level: 'info', message: 'loud', data: { n: 1 } })
        onLog?.({ level: 'error', message: 'bad' })
        return input
      },
    })
    const heard: unknown[] = []
    client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
      heard.push(params)
    })
    await client.callTool({ name: 'text_echo', arguments: { text: '' } })
    expect(heard).toEqual([
      { level: 'info', logger: 'text_echo', data: { message: 'loud', data: { n: 1 } } },
      { level: 'error', logger: 'text_echo', data: 'bad' },
    ])
    heard.length = 0
    await client.setLoggingLevel('error')
    await client.callTool({ name: 'text_echo', arguments: { text: '' } })
    expect(heard).toEqual([{ level: 'error', logger: 'text_echo', data: 'bad' }])
  })

  it('pass on only so much of a tool that talks without end', async () => {
    const client = await connected({
      async echo({ input, onLog, onProgress }) {
        onLog?.({ level: 'info', message: 'm'.repeat(1e6), data: 'd'.repeat(1e6) })
        for (let n = 0; n < 2 * MAX_LOG_LINES; n++) onLog?.({ level: 'info', message: 'again' })
        for (let done = 1; done < 2 * MAX_PROGRESS; done++) onProgress?.({ done })
        return input
      },
    })
    const heard: { data: unknown }[] = []
    client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
      heard.push(params)
    })
    let progress = 0
    const call = { name: 'text_echo', arguments: { text: '' } }
    await client.callTool(call, undefined, { onprogress: () => (progress += 1) })
    expect(heard).toHaveLength(MAX_LOG_LINES + 1)
    expect(JSON.stringify(heard[0]).length).toBeLessThan(8_192)
    expect(heard.at(-1)?.data).toMatch(/left out/)
    expect(progress).toBe(MAX_PROGRESS)
  })

  it('cancel the tool when the client cancels', async () => {
    const cancelled = Promise.withResolvers<void>()
    const started = Promise.withResolvers<void>()
    const client = await connected({
      echo: ({ signal }) => {
        started.resolve()
        return new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            cancelled.resolve()
            reject(new Error('stopped'))
          })
        })
      },
    })
    const abort = new AbortController()
    const call = client.callTool({ name: 'text_echo', arguments: { text: '' } }, undefined, {
      signal: abort.signal,
    })
    await started.promise
    abort.abort()
    await expect(call).rejects.toThrow()
    await cancelled.promise
  })

  it('check the principal on each request', async () => {
    let principal: Principal | undefined = principalWith('token:a', 'submit')
    const client = await connected({ principal: () => principal })
    await client.callTool({ name: 'text_echo', arguments: { text: '' } })
    principal = principalWith('token:a', 'read')
    await expect(client.callTool({ name: 'text_echo', arguments: { text: '' } })).rejects.toMatchObject({
      code: -32001,
      data: { code: 'forbidden' },
    })
    principal = undefined
    await expect(client.listTools()).rejects.toMatchObject({
      code: -32001,
      data: { code: 'unauthenticated' },
    })
    await expect(client.ping()).resolves.toEqual({})
  })
})

describe('resources', () => {
  it('are listed and read as JSON; an unknown one has its own code', async () => {
    const client = await connected({ resources: [counter()] })
    expect((await client.listResources()).resources).toMatchObject([{ uri: 'mesh://overview' }])
    const { contents } = await client.readResource({ uri: 'mesh://overview' })
    expect(contents).toEqual([
      { uri: 'mesh://overview', mimeType: 'application/json', text: '{"state":"ready"}' },
    ])
    await expect(client.readResource({ uri: 'mesh://nope' })).rejects.toMatchObject({ code: -32002 })
    await expect(client.subscribeResource({ uri: 'mesh://nope' })).rejects.toMatchObject({ code: -32002 })
  })

  it('tell changes at most four times a second and lose none', async () => {
    const clock = new ManualClock()
    const resource = counter()
    const client = await connected({ resources: [resource], clock })
    let updates = 0
    client.setNotificationHandler(ResourceUpdatedNotificationSchema, () => {
      updates += 1
    })
    await client.subscribeResource({ uri: 'mesh://overview' })
    await client.subscribeResource({ uri: 'mesh://overview' })
    for (let at = 0; at < 1000; at += 10) {
      resource.change()
      await clock.advance(10)
    }
    expect(updates).toBe(5)
    resource.change()
    await clock.advance(250)
    expect(updates).toBe(6)
    await client.unsubscribeResource({ uri: 'mesh://overview' })
    expect(resource.watchers).toBe(0)
  })

  it('bound the subscriptions of a session and end them with it', async () => {
    const resource = counter()
    const client = await connected({
      resources: [{ ...resource, uri: 'mesh://tasks/{id}', watchers: 0 } as MeshResource],
      maxSubscriptions: 2,
    })
    await client.subscribeResource({ uri: 'mesh://tasks/a' })
    await client.subscribeResource({ uri: 'mesh://tasks/b' })
    await expect(client.subscribeResource({ uri: 'mesh://tasks/c' })).rejects.toMatchObject({ code: -32005 })
    expect(resource.watchers).toBe(2)
    await client.close()
    expect(resource.watchers).toBe(0)
  })
})
