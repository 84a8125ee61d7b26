/** What a client can do with one chosen peer: a tab in a real browser, by its node. */
import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { expect, test } from 'playwright/test'
import { createInvite, expectOnline, openTab, peerIdOf } from './mesh-client.ts'
import { callTool, connectClient, type NodeProcess, startNode } from './node-process.ts'

let node: NodeProcess
let client: Client
test.beforeAll(async () => {
  node = await startNode()
  client = await connectClient(node)
})
test.afterAll(async () => {
  await client.close()
  await node.stop()
})

test('a tab keeps values for its node, over a reload too, and runs the tools that it is asked for by name', async ({
  context,
}) => {
  const page = await openTab(context, (await createInvite(client)).url)
  const peer_id = await peerIdOf(page)
  const entry = { namespace: 'e2e', key: 'k', peer_id }
  const cache = (name: string, input: Record<string, unknown>) => callTool(client, `p2p_cache_${name}`, input)

  expect(await cache('set', { ...entry, value: { a: ['ü', null] } })).toMatchObject({ peer_id })
  expect(await cache('get', entry)).toMatchObject({ peer_id, found: true, value: { a: ['ü', null] } })
  expect(await cache('has', { namespace: 'e2e', key: 'k' })).toMatchObject({ found: false })
  await page.reload()
  await expectOnline(page)
  expect(await cache('get', entry)).toMatchObject({ found: true, value: { a: ['ü', null] } })
  expect(await cache('delete', { namespace: 'e2e', all: true, peer_id })).toMatchObject({ deleted: 1 })
  expect(await cache('stats', { peer_id })).toMatchObject({ entries: 0, limits: { entries: 10_000 } })

  const hash = { tool: 'crypto_hash', params: { text: 'abc' } }
  expect(await callTool(client, 'p2p_peer_call_tool', { ...hash, peer_id })).toMatchObject({
    peer_id,
    tool: 'crypto_hash',
    result: { digest: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad' },
  })
  const shown = await callTool<{ peer: object }>(client, 'p2p_peer_metrics', { peer_id })
  expect(shown.peer).toMatchObject({ kind: 'tab', standing: 'granted', connected: true })
})

test('what a peer is asked too long is cancelled there, and the tab works on', async ({ context }) => {
  const peer_id = await peerIdOf(await openTab(context, (await createInvite(client)).url))
  const wait = { peer_id, tool: 'time_wait', params: { ms: 20_000 }, timeout_ms: 300 }
  const late = await client.callTool({ name: 'p2p_peer_call_tool', arguments: wait })
  expect(late).toMatchObject({ isError: true, structuredContent: { code: 'timed_out', retryable: true } })
  const soon = { ...wait, params: { ms: 1 }, timeout_ms: 20_000 }
  expect(await callTool(client, 'p2p_peer_call_tool', soon)).toMatchObject({ peer_id, result: { ms: 1 } })
})
