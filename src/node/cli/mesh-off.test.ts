import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Started, startedNode } from './node.fixture.ts'

let node: Started
let client: Client

beforeAll(async () => {
  node = await startedNode(['--p2p.enabled=false'])
  client = new Client({ name: 'test', version: '1' })
  await client.connect(new StreamableHTTPClientTransport(new URL(String(node.facts.mcp))))
})

afterAll(async () => {
  await client.close()
  await node.end('SIGTERM')
})

const call = (name: string, args: Record<string, unknown> = {}) => client.callTool({ name, arguments: args })

it('a node without a mesh runs tasks by itself', async () => {
  const submitted = await call('p2p_taskqueue_submit', {
    tasks: [{ tool: 'crypto_hash', params: { text: 'alone' } }],
  })
  const [task] = (submitted.structuredContent as { tasks: { task_id: string }[] }).tasks
  const ended = await call('p2p_taskqueue_get_result', { task_id: task?.task_id, wait_ms: 20_000 })
  expect(ended.structuredContent).toMatchObject({ state: 'succeeded', result: { algorithm: 'sha-256' } })
})

it.each([
  ['p2p_peer_discover', {}],
  ['p2p_peer_connect', { peer_id: '12D3KooWGzBzKqZpCQTDU8DTsYSoGZqXrG1cbK1QBXGZxCAMFDBK' }],
])('%s says that the mesh is off, and how to have it', async (name, args) => {
  expect(await call(name, args)).toMatchObject({
    isError: true,
    structuredContent: { code: 'unavailable', field: 'p2p.enabled', allowed: 'true' },
  })
})

it('lists of peers and the status are there, with this node alone', async () => {
  const { structuredContent } = await call('p2p_peer_list')
  const { peers } = structuredContent as { peers: { self: boolean }[] }
  expect(peers.filter(({ self }) => !self)).toEqual([])
})
