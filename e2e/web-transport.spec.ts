/** WebTransport between a real Chromium and real nodes, on both runtimes. */
import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { expect, type Page, test } from 'playwright/test'
import { expectCommittedOnce, expectOnline, openTab, submitHashes, untilTabs } from './mesh-client.ts'
import { connectClient, type NodeProcess, startNode } from './node-process.ts'
import { pageBundle } from './page-bundle.ts'

const RUNTIMES = ['node', 'deno'] as const
/** Milliseconds in which an end that is told is heard; one that is not takes the connection's idle time of 15 s. */
const AT_ONCE_MS = 5_000

let node: NodeProcess
let client: Client

async function start(options: Parameters<typeof startNode>[0]): Promise<void> {
  node = await startNode(options)
  client = await connectClient(node)
}

test.afterEach(async () => {
  await client.close()
  await node.stop('SIGKILL')
})

async function webTransportAddress(): Promise<{ peerId: string; address: string }> {
  const info = await fetch(`${node.origin}/.well-known/toolmesh.json`)
  const { peerId, multiaddrs } = (await info.json()) as { peerId: string; multiaddrs: string[] }
  return { peerId, address: multiaddrs.find(each => each.includes('/webtransport/')) ?? '' }
}

async function expectPath(page: Page): Promise<void> {
  await expect(page.getByText('WebTransport', { exact: true })).toBeVisible()
}

for (const runtime of RUNTIMES) {
  test.describe(`a node on ${runtime}`, () => {
    test('has its tabs by WebTransport, and they work', async ({ browser }) => {
      await start({ runtime })
      const page = await openTab(await browser.newContext(), node.joinUrl)
      await expectPath(page)
      const [tab] = await untilTabs(client, 1)
      expect(tab?.path).toBe('webtransport')
      await expectCommittedOnce(client, await submitHashes(client, 20))
      const gone = performance.now()
      await page.close({ runBeforeUnload: false })
      await untilTabs(client, 0)
      expect(performance.now() - gone).toBeLessThan(AT_ONCE_MS)
    })

    test('is told by its tabs at once that they leave, and they hear at once that it ended', async ({
      context,
    }) => {
      await start({ runtime })
      const page = await openTab(context, node.joinUrl)
      await untilTabs(client, 1)
      await page.goto('about:blank')
      const left = performance.now()
      await untilTabs(client, 0)
      expect(performance.now() - left).toBeLessThan(AT_ONCE_MS)
      await page.goBack()
      await expectOnline(page)
      await expectPath(page)
      const reconnecting = page.getByRole('heading', { name: 'Reconnecting' })
      await Promise.all([node.stop(), expect(reconnecting).toBeVisible({ timeout: 2 * AT_ONCE_MS })])
    })

    test('is known to js-libp2p as it comes', async ({ page }) => {
      await start({ runtime })
      await page.goto(`${node.origin}/healthz`)
      await page.evaluate(await pageBundle('./stock-page.ts'))
      const { peerId, address } = await webTransportAddress()
      const met = await page.evaluate(to => window.stockPage.meet(to), address)
      expect(met.peerId).toBe(peerId)
      expect(met.pings).toHaveLength(20)
      expect(met.protocols).toBeGreaterThan(3)
    })
  })
}

test('an address of before a restart is good after it: the certificates are kept', async ({ page }) => {
  const listen = ['--p2p.listen', '/ip4/127.0.0.1/udp/0/quic-v1/webtransport']
  await start({ args: listen })
  const before = await webTransportAddress()
  await client.close()
  await node.stop()
  await start({ args: listen, dataDir: node.dataDir })
  const after = await webTransportAddress()
  const hashes = (address: string) => address.match(/certhash\/[^/]+/g)
  expect(hashes(after.address)).toEqual(hashes(before.address))
  expect(hashes(after.address)).toHaveLength(2)
  await page.goto(node.joinUrl)
  await expectPath(page)
})
