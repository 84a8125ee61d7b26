import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { z } from 'zod'
import { parseInvite } from '../src/shared/authority/invite-link.ts'
import type { Benchmark, Figure, Findings } from './benchmark.ts'
import { type NodeProcess, startNode } from './node-process.ts'
import { HOST_LABEL, startHosts } from './scale/hosts.ts'
import { figuresOf } from './scale/process-figures.ts'
import { openTabs } from './scale/tabs.ts'
import { ask, pause, shareOfIdeal } from './scale/waiting-tasks.ts'

const TABS = 100
const HOSTS = 200
const HOST_PROCESSES = 4
/** Share of the ideal at 100 tabs that Pando published (Lavoie et al., Middleware 2019). */
const GOAL_SHARE = 0.69
/** Milliseconds over which a node with idle peers is watched. */
const IDLE_MS = 10_000

export const benchmark: Benchmark = {
  name: 'scale',
  title: 'Many peers on one node',
  usesNode: true,
  run: async () => [await ofTabs(), await ofHosts()],
}

async function ofTabs(): Promise<Findings> {
  const method = `${TABS} tabs of one Chromium, each with one worker; 20 tasks each that wait one second`
  const node = await startNode()
  const client = await connect(node)
  try {
    const alone = await atRest(node)
    const started = performance.now()
    const tabs = await openTabs(await joinLink(client, TABS), TABS)
    if (tabs === undefined)
      return { method, figures: [], skipped: 'no Chromium here (name one with CHROMIUM_PATH)' }
    try {
      await untilWorkers(client, TABS)
      const joinedMs = performance.now() - started
      const joined = await figuresOf([node.pid])
      const pages = await figuresOf(await tabs.renderers())
      const share = await shareOfIdeal(client, TABS, ['kind:tab'])
      return {
        method,
        figures: [
          ...(await joinFigures(node, TABS, joinedMs, alone, joined)),
          { name: 'a tab holds, in the browser', value: pages.ownMiB / TABS, unit: 'MiB' },
          { name: 'a tab has used to load and join', value: pages.cpuSeconds / TABS, unit: 's of CPU' },
          { name: 'share of ideal', value: share, unit: '', goal: { least: GOAL_SHARE } },
        ],
      }
    } finally {
      await tabs.close()
    }
  } finally {
    await client.close()
    await node.stop()
  }
}

async function ofHosts(): Promise<Findings> {
  const method = `${HOSTS} libp2p hosts in ${HOST_PROCESSES} processes over TCP, each runs one task at a time; 20 tasks each that wait one second`
  const node = await startNode()
  const client = await connect(node)
  try {
    const alone = await atRest(node)
    const { secret } = parseInvite(await joinLink(client, HOSTS))
    const address = node.multiaddrs.find(each => /\/tcp\/\d+\/p2p\//.test(each)) ?? ''
    const started = performance.now()
    const hosts = await startHosts({ peerId: node.peerId, address, secret }, HOSTS, HOST_PROCESSES)
    try {
      await untilWorkers(client, HOSTS)
      const joinedMs = performance.now() - started
      const joined = await figuresOf([node.pid])
      const others = await figuresOf(hosts.pids)
      const share = await shareOfIdeal(client, HOSTS, [HOST_LABEL])
      return {
        method,
        figures: [
          ...(await joinFigures(node, HOSTS, joinedMs, alone, joined)),
          { name: 'a host holds, in its process', value: others.ownMiB / HOSTS, unit: 'MiB' },
          { name: 'a host has used to start and join', value: others.cpuSeconds / HOSTS, unit: 's of CPU' },
          { name: 'share of ideal', value: share, unit: '', goal: { least: GOAL_SHARE } },
        ],
      }
    } finally {
      await hosts.close()
    }
  } finally {
    await client.close()
    await node.stop()
  }
}

type Used = Awaited<ReturnType<typeof figuresOf>>

/** A node shrinks its heap once after its start; what it holds before that is no measure. */
async function atRest(node: NodeProcess): Promise<Used> {
  await pause(IDLE_MS)
  return figuresOf([node.pid])
}

/** What joining cost, and what peers cost a node that do nothing. */
async function joinFigures(
  node: NodeProcess,
  peers: number,
  joinedMs: number,
  alone: Used,
  joined: Used,
): Promise<Figure[]> {
  const before = await figuresOf([node.pid])
  await pause(IDLE_MS)
  const after = await figuresOf([node.pid])
  const idle = (after.cpuSeconds - before.cpuSeconds) / (IDLE_MS / 1000)
  return [
    { name: 'all joined after', value: joinedMs / 1000, unit: 's' },
    { name: 'node: CPU a join', value: ((joined.cpuSeconds - alone.cpuSeconds) / peers) * 1000, unit: 'ms' },
    { name: 'node: memory a peer', value: (after.ownMiB - alone.ownMiB) / peers, unit: 'MiB' },
    { name: 'node: CPU while all are idle', value: idle * 100, unit: '% of a core' },
  ]
}

const peersSchema = z.object({
  peers: z.array(z.object({ self: z.boolean(), connected: z.boolean(), credits: z.number() })),
})

async function untilWorkers(client: Client, count: number): Promise<void> {
  for (;;) {
    const { peers } = peersSchema.parse(await ask(client, 'p2p_peer_list', { connected: true, limit: 1000 }))
    if (peers.filter(peer => !peer.self && peer.connected && peer.credits > 0).length >= count) return
    await pause(200)
  }
}

async function joinLink(client: Client, uses: number): Promise<string> {
  const invite = await ask(client, 'p2p_invite_create', { roles: ['work'], uses })
  return z.object({ url: z.string() }).parse(invite).url
}

async function connect(node: NodeProcess): Promise<Client> {
  const client = new Client({ name: 'bench', version: '1' })
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', node.origin)))
  return client
}
