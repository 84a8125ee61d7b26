/** What nodes know of each other beyond their sessions: heard from a third one, and kept over restarts on other ports. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { expect, test } from 'playwright/test'
import { runs } from '../src/node/test-runtime.fixture.ts'
import { BIN, callTool, connectClient, type NodeProcess, startNode, until } from './node-process.ts'

const run = promisify(execFile)

interface Peers {
  peers: {
    peer_id: string
    self: boolean
    name?: string
    connected: boolean
    draining: boolean
    standing?: string
    tools: number
    addresses: { address: string; sources: string[] }[]
  }[]
}

function named(name: string, options: Parameters<typeof startNode>[0] = {}): Promise<NodeProcess> {
  return startNode({ ...options, args: ['--name', name, ...(options.args ?? [])] })
}

async function connect(worker: NodeProcess, owner: NodeProcess): Promise<void> {
  await run(...runs(BIN, 'connect', owner.joinUrl, '--url', worker.origin), { cwd: worker.dataDir })
}

async function peer(client: Client, name: string, isLike: (peer: Peers['peers'][number]) => boolean) {
  return until(`the peer ${name}`, async () => {
    const { peers } = await callTool<Peers>(client, 'p2p_peer_list')
    return peers.find(one => one.name === name && isLike(one))
  })
}

test('a tab tells its node where others can reach it', async ({ page }) => {
  const node = await startNode()
  try {
    await page.goto(node.joinUrl)
    const client = await connectClient(node)
    const tab = await until('the tab and its relayed address', async () => {
      const { peers } = await callTool<Peers>(client, 'p2p_peer_list', { kind: 'tab' })
      return peers.find(({ addresses }) => addresses.some(({ address }) => address.includes('/p2p-circuit')))
    })
    expect(tab).toMatchObject({ connected: true, standing: 'granted' })
    expect(tab.tools).toBeGreaterThan(0)
    await client.close()
  } finally {
    await node.stop()
  }
})

test('nodes hear of each other from a third one, and find each other again when both came back on other ports', async () => {
  const [third, owner] = await Promise.all([named('third'), named('owner')])
  let worker = await named('worker')
  let back: NodeProcess | undefined
  try {
    await Promise.all([connect(owner, third), connect(worker, third)])
    const ofWorker = await connectClient(worker)
    const heard = await peer(ofWorker, 'owner', ({ addresses }) => addresses.length > 0)
    expect(heard).toMatchObject({ connected: false, standing: 'heard' })
    expect(heard.tools).toBeGreaterThan(0)
    expect(heard.addresses[0]?.sources).toContain('announced')

    await connect(worker, owner)
    await peer(ofWorker, 'owner', one => one.connected && one.standing === 'granted')
    await ofWorker.close()

    await Promise.all([worker.stop('SIGKILL'), owner.stop('SIGKILL')])
    back = await named('owner', { dataDir: owner.dataDir })
    worker = await named('worker', { dataDir: worker.dataDir })
    expect(back.origin).not.toBe(owner.origin)
    const ofOwner = await connectClient(back)
    await peer(ofOwner, 'worker', one => one.connected && one.standing === 'granted')
    await ofOwner.close()
  } finally {
    await Promise.all([third.stop(), owner.stop(), worker.stop(), back?.stop()])
  }
})
