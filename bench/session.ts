import { tcp } from '@libp2p/tcp'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { z } from 'zod'
import { parseInvite } from '../src/shared/authority/invite-link.ts'
import type { Benchmark, Figure, Findings } from './benchmark.ts'
import { type NodeProcess, startNode } from './node-process.ts'
import { measureFromTab } from './session/chromium.ts'
import { dialAndMeasure, type Measured } from './session/dial.ts'
import { summarise } from './statistics.ts'

/** A whole tool call may take at most so many times a raw echo of the same bytes. */
const GOAL_RATIO = 3

export const benchmark: Benchmark = {
  name: 'session',
  title: 'A tool call over a session against a raw libp2p echo on the same connection',
  usesNode: true,
  run,
}

async function run(): Promise<Findings[]> {
  const node = await startNode()
  const inviter = await connect(node)
  const newSecret = () => submitSecret(inviter)
  try {
    const address = node.multiaddrs.find(each => /\/tcp\/\d+\/p2p\//.test(each)) ?? ''
    const measured = await dialAndMeasure({ transports: [tcp()], address, secret: await newSecret() })
    return [findings('node to node, TCP, two processes', measured), ...(await fromTab(node, newSecret))]
  } finally {
    await inviter.close()
    await node.stop()
  }
}

async function fromTab(node: NodeProcess, newSecret: () => Promise<string>): Promise<Findings[]> {
  const paths = [
    {
      name: 'tab to node, WebTransport',
      address: node.multiaddrs.find(each => each.includes('/webtransport/')),
    },
    {
      name: 'tab to node, WebRTC-Direct',
      address: node.multiaddrs.find(each => each.includes('/webrtc-direct/')),
    },
    { name: 'tab to node, WebSocket', address: node.multiaddrs.find(each => /\/ws\//.test(each)) },
  ]
  const known = paths.flatMap(({ name, address }) => (address === undefined ? [] : [{ name, address }]))
  const addresses = known.map(({ address }) => address)
  const measured = await measureFromTab(addresses, newSecret)
  if (measured !== undefined) return measured.map((each, index) => findings(known[index]?.name ?? '', each))
  return [{ method: 'tab to node', figures: [], skipped: 'no Chromium here (name one with CHROMIUM_PATH)' }]
}

function findings(path: string, measured: Measured): Findings {
  return {
    method: `${path}: crypto_hash run inline, ${measured.bytes} bytes each way, 5 rounds by turns`,
    figures: [
      roundTrip('raw echo, 1 in flight', measured.echo),
      roundTrip('tool call, 1 in flight', measured.call),
      ratio('ratio, 1 in flight', measured.call, measured.echo),
      roundTrip('raw echo, 64 in flight', measured.echo64),
      roundTrip('tool call, 64 in flight', measured.call64),
      ratio('ratio, 64 in flight', measured.call64, measured.echo64),
      roundTrip('joined echo, 64 in flight', measured.joinedEcho64),
      hop('hop to a worker thread', measured),
    ],
  }
}

function roundTrip(name: string, samples: readonly number[]): Figure {
  const { median, p99 } = summarise(samples)
  return { name, value: median, p99, unit: 'ms' }
}

function ratio(name: string, calls: readonly number[], echoes: readonly number[]): Figure {
  const value = summarise(calls).median / summarise(echoes).median
  return { name, value, unit: 'times', goal: { most: GOAL_RATIO } }
}

/** What a call takes longer when its tool runs in a worker thread. */
function hop(name: string, { workerCall, call }: Measured): Figure {
  return { name, value: summarise(workerCall).median - summarise(call).median, unit: 'ms' }
}

async function connect(node: NodeProcess): Promise<Client> {
  const client = new Client({ name: 'bench', version: '1' })
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', node.origin)))
  return client
}

const inviteSchema = z.object({ url: z.string() })

async function submitSecret(client: Client): Promise<string> {
  const { structuredContent } = await client.callTool({
    name: 'p2p_invite_create',
    arguments: { roles: ['submit'], uses: 1 },
  })
  return parseInvite(inviteSchema.parse(structuredContent).url).secret
}
