/** The relay by which browsers reach each other is killed, and started again. */
import { fileURLToPath } from 'node:url'
import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { build } from 'esbuild'
import { chromium, type Page, test } from 'playwright/test'
import { z } from 'zod'
import { CHROMIUM_ARGS, findChromium } from '../chromium.ts'
import { createInvite, openTab, peerIdOf, untilTabs } from '../mesh-client.ts'
import { connectClient, freshDir, type NodeProcess, startNode, until } from '../node-process.ts'
import { sumJob } from './jobs.ts'
import { Measured } from './measured.ts'
import { Submitter } from './submitter.ts'
import { expectEachCommittedOnce } from './verdict.ts'

const ROUNDS = 2
const TASKS = 60
const DOWN_MS = 3_000
/** From the relay's being ready again until a browser reaches another one by it. */
const GOAL_MS = 15_000
const AT_MOST_MS = 120_000

test('a relay is killed and started again: the tabs reach each other again by it', async () => {
  const measured = new Measured('mesh-relay: a relay is killed and started again')
  const dataDir = await freshDir()
  let node = await startNode({ dataDir })
  const port = Number(new URL(node.origin).port)
  const submitter = new Submitter(node)
  const executablePath = findChromium()
  const browser = await chromium.launch({
    ...(executablePath === undefined ? {} : { executablePath }),
    args: [...CHROMIUM_ARGS],
  })
  try {
    const client = await connectClient(node)
    const tab = await peerIdOf(await openTab(await browser.newContext(), (await createInvite(client)).url))
    await reached(tab, client)
    await client.close()

    const acknowledged = []
    for (let round = 1; round <= ROUNDS; round += 1) {
      const jobs = Array.from({ length: TASKS }, (_, n) => sumJob(n, { requires: ['kind:tab'] }))
      acknowledged.push(...(await submitter.submitAll(`relay-${round}`, jobs, TASKS)))
      await node.stop('SIGKILL')
      await new Promise(resolve => setTimeout(resolve, DOWN_MS))
      node = await startNode({ dataDir, port })
      const ready = Date.now()
      const again = await connectClient(node)
      await untilTabs(again, 1)
      measured.row(`the tab works again (${round})`, `${Date.now() - ready} ms`)
      const path = await reached(tab, again)
      measured.goal(
        `a new peer reaches the tab by the relay, over ${path} (${round})`,
        Date.now() - ready,
        GOAL_MS,
      )
      await again.close()
    }
    await expectEachCommittedOnce(node, acknowledged, measured)
  } finally {
    measured.print()
    await browser.close()
    await submitter.close()
    await node.stop('SIGKILL')
  }

  /** A new peer of the mesh opens a session with the tab, which only the relay's slot leads to; by which path. */
  async function reached(tab: string, client: Client): Promise<string> {
    const context = await browser.newContext()
    const peer = await openPeerPage(await context.newPage(), node)
    const info = await nodeInfo(node)
    await peer.connect(info)
    await peer.redeem(info, (await createInvite(client)).secret)
    const path = await untilReached(peer, node, tab)
    await context.close()
    return path
  }
})

interface NodeInfo {
  peerId: string
  multiaddrs: string[]
}

async function nodeInfo(node: NodeProcess): Promise<NodeInfo> {
  const answer = await fetch(`${node.origin}/.well-known/toolmesh.json`)
  return z.object({ peerId: z.string(), multiaddrs: z.array(z.string()) }).parse(await answer.json())
}

/** A page that is a browser peer of its own (peer-page.ts). */
async function openPeerPage(page: Page, node: NodeProcess) {
  await page.goto(`${node.origin}/healthz`)
  const bundle = await build({
    entryPoints: [fileURLToPath(new URL('../peer-page.ts', import.meta.url))],
    bundle: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2023',
    write: false,
  })
  await page.evaluate(bundle.outputFiles[0]?.text ?? '')
  await page.evaluate(() => window.peerPage.start())
  return {
    connect: ({ multiaddrs, peerId }: NodeInfo) =>
      page.evaluate(([a, i]) => window.peerPage.connect(a, i), [multiaddrs, peerId] as const),
    connectBy: (address: string, peerId: string) =>
      page.evaluate(([a, i]) => window.peerPage.connect([a], i), [address, peerId] as const),
    redeem: ({ peerId }: NodeInfo, secret: string) =>
      page.evaluate(([i, s]) => window.peerPage.redeem(i, s), [peerId, secret] as const),
  }
}

/** Resolves with the path when the peer has a session with the tab by the node's relay. */
async function untilReached(
  peer: Awaited<ReturnType<typeof openPeerPage>>,
  node: NodeProcess,
  tab: string,
): Promise<string> {
  const { multiaddrs } = await nodeInfo(node)
  const websocket = multiaddrs.find(address => address.includes('/ws/p2p/')) ?? ''
  const address = `${websocket}/p2p-circuit/webrtc/p2p/${tab}`
  return until('a way to the tab', () => peer.connectBy(address, tab).catch(() => undefined), AT_MOST_MS)
}
