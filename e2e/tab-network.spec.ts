/** How a tab finds its node, keeps it and comes back to it, in a real Chromium on a real node. */
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { build } from 'esbuild'
import { type BrowserContext, chromium, expect, type Page, test } from 'playwright/test'
import { CHROMIUM_ARGS, findChromium } from './chromium.ts'
import {
  createInvite,
  expectCommittedOnce,
  expectOnline,
  holdWorker,
  openTab,
  peerIdOf,
  submitHashes,
  tabsAtWork,
  taskFacts,
  untilState,
  untilTabs,
} from './mesh-client.ts'
import { callTool, connectClient, type NodeProcess, startNode, until } from './node-process.ts'
import { copyOfCheckout } from './own-checkout.ts'
import type { PeerPage } from './peer-page.ts'

let node: NodeProcess
let client: Client

async function start(options: Parameters<typeof startNode>[0] = {}): Promise<void> {
  node = await startNode(options)
  client = await connectClient(node)
}

test.afterEach(async () => {
  await client.close()
  await node.stop('SIGKILL')
})

async function nodeInfo(): Promise<{ peerId: string; multiaddrs: string[] }> {
  return (await fetch(`${node.origin}/.well-known/toolmesh.json`)).json()
}

/** A page that is a browser peer of its own; peer-page.ts says what it does. */
async function openPeerPage(context: BrowserContext): Promise<PeerPage> {
  const page = await context.newPage()
  await page.goto(`${node.origin}/healthz`)
  const bundle = await build({
    entryPoints: [fileURLToPath(new URL('./peer-page.ts', import.meta.url))],
    bundle: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2023',
    write: false,
  })
  await page.evaluate(bundle.outputFiles[0]?.text ?? '')
  await page.evaluate(() => window.peerPage.start())
  return {
    start: async () => {},
    connect: (addresses, id) =>
      page.evaluate(([a, i]) => window.peerPage.connect(a, i), [addresses, id] as const),
    redeem: (id, secret) => page.evaluate(([i, s]) => window.peerPage.redeem(i, s), [id, secret] as const),
    call: (id, tool) => page.evaluate(([i, t]) => window.peerPage.call(i, t), [id, tool] as const),
  }
}

test('a tab is reached from another browser by WebRTC through the node’s relay, by granted peers only, and serves none', async ({
  browser,
}) => {
  await start()
  const tab = await peerIdOf(await openTab(await browser.newContext(), node.joinUrl))
  const { peerId, multiaddrs } = await nodeInfo()
  const websocket = multiaddrs.find(address => address.includes('/ws/p2p/')) ?? ''
  const byRelay = `${websocket}/p2p-circuit/webrtc/p2p/${tab}`

  const peer = await openPeerPage(await browser.newContext())
  await peer.connect([websocket], peerId)
  await expect(peer.connect([byRelay], tab)).rejects.toThrow()
  await peer.redeem(peerId, (await createInvite(client)).secret)
  const path = await until('a way to the tab', () => peer.connect([byRelay], tab).catch(() => undefined))
  expect(path).toBe('webrtc')
  expect(await peer.call(tab, 'crypto_hash')).toBe('forbidden')
})

test.describe('ways to the node', () => {
  test('where the browser forbids WebRTC-Direct and the node has no WebTransport, the tab is there by WebSocket in a few seconds and works', async () => {
    const listen = ['/ip4/127.0.0.1/tcp/0/ws', '/ip4/127.0.0.1/udp/0/webrtc-direct'].join()
    await start({ args: ['--p2p.listen', listen] })
    const executablePath = findChromium()
    const browser = await chromium.launch({
      ...(executablePath === undefined ? {} : { executablePath }),
      args: [...CHROMIUM_ARGS, '--force-fieldtrials=WebRTC-NoSdpMangleUfrag/Enabled/'],
    })
    try {
      const page = await openTab(await browser.newContext(), node.joinUrl)
      await expect(page.getByText('WebSocket', { exact: true })).toBeVisible()
      const took = await page.evaluate(() => performance.now())
      expect(took).toBeLessThan(15_000)
      await expectCommittedOnce(client, await submitHashes(client, 3))
    } finally {
      await browser.close()
    }
  })

  test('where a firewall swallows all UDP, the tab is there by WebSocket all the same', async ({
    context,
  }) => {
    await start()
    await context.route('**/.well-known/toolmesh.json', async route => {
      const answer = await route.fetch()
      const info = await answer.json()
      const { multiaddrs } = info as { multiaddrs: string[] }
      // Four interfaces behind a firewall: nothing listens at these ports.
      const dead = [1, 2, 3, 4].flatMap(port =>
        multiaddrs.filter(a => a.includes('/udp/')).map(a => a.replace(/udp\/\d+/, `udp/${port}`)),
      )
      const others = multiaddrs.filter(a => !a.includes('/udp/'))
      await route.fulfill({ response: answer, json: { ...info, multiaddrs: [...dead, ...others] } })
    })
    const page = await openTab(context, node.joinUrl)
    await expect(page.getByText('WebSocket', { exact: true })).toBeVisible()
    await expectCommittedOnce(client, await submitHashes(client, 3))
  })

  test('one port is enough: by the WebSocket at /p2p of the HTTP server', async ({ context }) => {
    await start({ args: ['--p2p.listen', '/ip4/127.0.0.1/tcp/0'] })
    const page = await context.newPage()
    const sockets: string[] = []
    page.on('websocket', socket => sockets.push(socket.url()))
    await page.goto(node.joinUrl)
    await expectOnline(page)
    expect(sockets).toEqual([`${node.origin.replace('http', 'ws')}/p2p`])
    await expectCommittedOnce(client, await submitHashes(client, 3))
  })
})

test('revoking its invite ends a tab at once, the page says why, and its task runs elsewhere', async ({
  browser,
}) => {
  await start()
  const invite = await createInvite(client)
  const page = await openTab(await browser.newContext(), invite.url)
  const first = await peerIdOf(page)
  await holdWorker(page, client, 8_000)
  const [taskId = ''] = await submitHashes(client, 1)
  await untilState(client, taskId, 'running')
  await callTool(client, 'p2p_invite_revoke', { id: invite.id })
  await expect(page.getByText(/revoked/).first()).toBeVisible({ timeout: 5_000 })
  await untilTabs(client, 0)
  await page.reload()
  await expect(page.getByText(/refused/).first()).toBeVisible()
  expect(await tabsAtWork(client)).toEqual([])
  const second = await peerIdOf(await openTab(await browser.newContext(), (await createInvite(client)).url))
  const [facts] = await expectCommittedOnce(client, [taskId])
  expect(facts?.attempts.map(attempt => attempt.peer_id)).toEqual([first, second])
})

test.describe('outcomes that could not be delivered', () => {
  const kept = (page: Page) => page.getByText('1 result is kept here.')

  test('a node that was killed gets the outcome from the outbox after its restart, and commits it', async ({
    context,
  }) => {
    const grace = ['--queue.grace', '30000']
    await start({ args: grace })
    const page = await openTab(context, node.joinUrl)
    await holdWorker(page, client, 3_000)
    const [taskId = ''] = await submitHashes(client, 1)
    await untilState(client, taskId, 'running')
    await restartNode(
      async () => {
        await expect(kept(page)).toBeVisible()
      },
      { args: grace },
    )
    const [facts] = await expectCommittedOnce(client, [taskId])
    expect(facts?.attempts).toHaveLength(1)
    await expectOnline(page)
    await untilOutboxEmpty(page)
  })

  test('what came too late is dropped: another tab’s outcome stands, and the outbox is empty', async ({
    browser,
  }) => {
    await start({ args: ['--queue.grace', '0'] })
    const away = await browser.newContext()
    const page = await openTab(away, node.joinUrl)
    const first = await peerIdOf(page)
    await holdWorker(page, client, 3_000)
    const [taskId = ''] = await submitHashes(client, 1)
    await untilState(client, taskId, 'running')
    await away.setOffline(true)
    await restartNode(
      async () => {
        await expect(kept(page)).toBeVisible()
      },
      { args: ['--queue.grace', '0'] },
    )
    const invite = await createInvite(client)
    const second = await peerIdOf(await openTab(await browser.newContext(), invite.url))
    await expectCommittedOnce(client, [taskId])
    await expect(kept(page)).toBeVisible()
    await away.setOffline(false)
    await expectOnline(page)
    await untilOutboxEmpty(page)
    const { attempts } = await taskFacts(client, taskId)
    expect(attempts.map(({ peer_id, state }) => [peer_id, state])).toEqual([
      [first, expect.not.stringMatching('succeeded')],
      [second, 'succeeded'],
    ])
  })
})

/** Nothing waits to be delivered, by the page and by what its browser keeps. */
async function untilOutboxEmpty(page: Page): Promise<void> {
  await expect(page.getByText(/kept here/)).toBeHidden()
  await until('an empty outbox', async () => {
    const entries = await page.evaluate(async () => {
      const opened = indexedDB.open('toolmesh-peer-0-outbox')
      await new Promise(resolve => opened.addEventListener('success', resolve))
      const counted = opened.result.transaction('keyval').objectStore('keyval').count()
      await new Promise(resolve => counted.addEventListener('success', resolve))
      opened.result.close()
      return counted.result
    })
    return entries === 0 ? true : undefined
  })
}

/** Kills the node; after `meanwhile` it is started again on the same port and data. */
async function restartNode(
  meanwhile: () => Promise<void>,
  options: Parameters<typeof startNode>[0] = {},
): Promise<void> {
  await node.stop('SIGKILL')
  await client.close()
  await meanwhile()
  const port = Number(new URL(node.origin).port)
  await start({ ...options, dataDir: node.dataDir, port })
}

test('a node that stops answering: the page says when it tries again, and comes back by itself', async ({
  context,
}) => {
  test.setTimeout(240_000)
  await start()
  const page = await openTab(context, node.joinUrl)
  node.child.kill('SIGSTOP')
  try {
    await expect(page.getByRole('heading', { name: 'Reconnecting' })).toBeVisible({ timeout: 90_000 })
    await expect(page.getByText(/Next try in \d+ s\./)).toBeVisible({ timeout: 60_000 })
  } finally {
    node.child.kill('SIGCONT')
  }
  await expectOnline(page)
  await expectCommittedOnce(client, await submitHashes(client, 3))
})

test('a node that is back at other addresses is dialled there, not where it was', async ({ context }) => {
  const overWebSocket = { args: ['--p2p.listen', '/ip4/127.0.0.1/tcp/0/ws'] }
  await start(overWebSocket)
  const page = await openTab(context, node.joinUrl)
  const { multiaddrs } = await nodeInfo()
  const before = multiaddrs.flatMap(address => /\/tcp\/(\d+)\/ws\/p2p/.exec(address)?.[1] ?? [])
  expect(before).toHaveLength(1)
  const dialled: string[] = []
  page.on('websocket', socket => dialled.push(new URL(socket.url()).port))
  await restartNode(async () => {}, overWebSocket)
  await untilTabs(client, 1)
  await expectCommittedOnce(client, await submitHashes(client, 3))
  // While the node was gone, where it was is all that was known.
  expect(dialled.length).toBeGreaterThan(0)
  expect(before).not.toContain(dialled.at(-1))
})

test('a reload while tasks run loses nothing, and each task is committed once', async ({ context }) => {
  await start()
  const page = await openTab(context, node.joinUrl)
  const before = await peerIdOf(page)
  await holdWorker(page, client, 2_000)
  const ids = await submitHashes(client, 40)
  await until('a task to run', async () => {
    const { counts } = await callTool<{ counts: Record<string, number> }>(client, 'p2p_taskqueue_status')
    return (counts.running ?? 0) > 0 ? true : undefined
  })
  await page.reload()
  await expectOnline(page)
  expect(await peerIdOf(page)).toBe(before)
  await expectCommittedOnce(client, ids)
  await untilOutboxEmpty(page)
})

test.describe('a page whose build the node no longer has', () => {
  let checkout: string
  test.beforeEach(async () => {
    checkout = await copyOfCheckout()
    await start({ bin: join(checkout, 'bin/toolmesh.mjs') })
  })

  /** Another build, by its names: the entry of the join page is another file with the same content. */
  async function rebuild(): Promise<void> {
    const web = join(checkout, 'dist/web')
    const html = await readFile(join(web, 'join.html'), 'utf8')
    const entry = /assets\/join-[\w-]+\.js/.exec(html)?.[0] ?? ''
    const next = entry.replace('.js', '2.js')
    await copyFile(join(web, entry), join(web, next))
    await writeFile(join(web, 'join.html'), html.replaceAll(entry, next))
  }

  test('is loaded anew once, after what it ran has ended, and works on', async ({ context }) => {
    const page = await openTab(context, node.joinUrl)
    const before = await peerIdOf(page)
    await holdWorker(page, client, 3_000)
    const ids = await submitHashes(client, 5)
    await untilState(client, ids[0] ?? '', 'running')
    let loads = 0
    page.on('load', () => {
      loads += 1
    })
    await restartNode(rebuild, { bin: join(checkout, 'bin/toolmesh.mjs') })
    await until('a reload', async () => (loads > 0 ? true : undefined))
    await expectOnline(page)
    expect(await peerIdOf(page)).toBe(before)
    await expectCommittedOnce(client, ids)
    expect(loads).toBe(1)
  })

  test('is not loaded again and again where a cache keeps the old one', async ({ context }) => {
    const page = await openTab(context, node.joinUrl)
    const kept = await (await fetch(`${node.origin}/join`)).text()
    const headers = { 'content-type': 'text/html' }
    await page.route('**/join', route =>
      route.request().isNavigationRequest() ? route.fulfill({ body: kept, headers }) : route.continue(),
    )
    let loads = 0
    page.on('load', () => {
      loads += 1
    })
    await restartNode(rebuild, { bin: join(checkout, 'bin/toolmesh.mjs') })
    await until('a reload', async () => (loads > 0 ? true : undefined))
    await expectOnline(page)
    await restartNode(async () => {}, { bin: join(checkout, 'bin/toolmesh.mjs') })
    await untilTabs(client, 1)
    await expectCommittedOnce(client, await submitHashes(client, 3))
    expect(loads).toBe(1)
  })
})

test('two tabs of one browser share nothing', async ({ context }) => {
  await start()
  const [one, two] = [await openTab(context, node.joinUrl), await openTab(context, node.joinUrl)]
  await expect(one.getByText('slot 0')).toBeVisible()
  await expect(two.getByText('slot 1')).toBeVisible()
  expect(await peerIdOf(one)).not.toBe(await peerIdOf(two))
  await Promise.all([one.reload(), two.reload()])
  await expect(one.getByText('slot 0')).toBeVisible()
  await expect(two.getByText('slot 1')).toBeVisible()
  await two.getByRole('button', { name: 'Leave' }).click()
  await expect(two.getByRole('heading', { name: 'Left the mesh' })).toBeVisible()
  await untilTabs(client, 1)
  await expectOnline(one)
})
