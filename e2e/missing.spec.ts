/** What a browser, a network or a setting does not have: all else works, and what is missing is said. */
import { createServer } from 'node:net'
import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { type BrowserContext, expect, test } from 'playwright/test'
import { createInvite, expectCommittedOnce, openTab, submitHashes, untilTabs } from './mesh-client.ts'
import { callTool, connectClient, type NodeProcess, startNode } from './node-process.ts'

let node: NodeProcess
let client: Client

async function start(args: string[] = []): Promise<void> {
  node = await startNode({ args })
  client = await connectClient(node)
}

test.afterEach(async () => {
  await client.close()
  await node.stop('SIGKILL')
})

/** A browser in which these were never there. */
async function without(context: BrowserContext, names: string[]): Promise<void> {
  await context.addInitScript(gone => {
    for (const name of gone) Reflect.deleteProperty(globalThis, name)
  }, names)
}

const WEBRTC = ['RTCPeerConnection', 'webkitRTCPeerConnection', 'RTCDataChannel', 'RTCSessionDescription']

for (const [what, names, paths] of [
  ['WebRTC', WEBRTC, /^(websocket|webtransport)$/],
  ['WebTransport', ['WebTransport'], /^(websocket|webrtc-direct)$/],
  ['WebSocket', ['WebSocket'], /^(webrtc-direct|webtransport)$/],
  ['WebRTC and WebTransport', [...WEBRTC, 'WebTransport'], /^websocket$/],
] as const) {
  test(`a browser without ${what} joins by what it has, and works`, async ({ context }) => {
    await start()
    await without(context, [...names])
    const { url } = await createInvite(client)
    await openTab(context, url)
    const [tab] = await untilTabs(client, 1)
    expect(tab?.path).toMatch(paths)
    await expectCommittedOnce(client, await submitHashes(client, 20))
  })
}

test('a browser without any way to a node says so', async ({ context }) => {
  await start()
  await without(context, [...WEBRTC, 'WebTransport', 'WebSocket'])
  const { url } = await createInvite(client)
  const page = await context.newPage()
  await page.goto(url)
  await expect(page.getByText(/cannot be reached/).first()).toBeVisible()
})

test('a node that cannot listen where it is told to does not start, and says where', async () => {
  await start()
  const taken = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => taken.once('listening', resolve))
  const address = taken.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const failed = startNode({ args: ['--p2p.listen', `/ip4/127.0.0.1/tcp/${port}`] })
  await expect(failed).rejects.toThrow(new RegExp(`${port}`))
  taken.close()
})

test('a node whose bootstrap peers, relays and invites lead nowhere works alone', async () => {
  const dead = '12D3KooWGzBzKqZpCQTDU8DTsYSoGZqXrG1cbK1QBXGZxCAMFDBK'
  await start([
    '--p2p.bootstrap',
    `/ip4/127.0.0.1/tcp/9/p2p/${dead},/dns4/nowhere.invalid/tcp/4001/p2p/${dead},http://nowhere.invalid`,
  ])
  const receipt = await callTool<{ tasks: { task_id: string }[] }>(client, 'p2p_taskqueue_submit', {
    tasks: [{ tool: 'crypto_hash', params: { text: 'alone' } }],
  })
  await expectCommittedOnce(
    client,
    receipt.tasks.map(({ task_id }) => task_id),
  )
  expect(node.child.exitCode).toBeNull()
})
