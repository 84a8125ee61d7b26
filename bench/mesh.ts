import { tcp } from '@libp2p/tcp'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { z } from 'zod'
import { noiseCrypto } from '../src/node/transports/noise-crypto.ts'
import { parseInvite } from '../src/shared/authority/invite-link.ts'
import type { Benchmark, Figure, Findings } from './benchmark.ts'
import { measureFromTab } from './mesh/chromium.ts'
import { dialAndMeasure, type Measured } from './mesh/dial.ts'
import { type NodeProcess, startNode } from './node-process.ts'
import { summarise } from './statistics.ts'

/** A whole tool call may take at most so many times a raw echo of the same bytes, at the median. */
const GOAL_RATIO = 2
/** Small calls a second over one session, node to node, with 64 in flight. */
const GOAL_CALLS = 10_000
/** Share of calls that find a session open, in per cent. */
const GOAL_REUSE = 99
/** Calls of tools of another node, by the tool that a client calls for it. */
const CALLS = 1000
const AT_ONCE = 16

export const benchmark: Benchmark = {
  name: 'mesh',
  title: 'Calls between peers: a tool call over a session against a raw libp2p echo on the same connection',
  usesNode: true,
  run,
}

async function run(): Promise<Findings[]> {
  const node = await startNode()
  const inviter = await connect(node)
  const newSecret = () => submitSecret(inviter)
  try {
    const address = node.multiaddrs.find(each => /\/tcp\/\d+\/p2p\//.test(each)) ?? ''
    const measured = await dialAndMeasure({
      transports: [tcp()],
      noiseCrypto,
      peerId: node.peerId,
      address,
      secret: await newSecret(),
    })
    return [
      findings('node to node, TCP, two processes', measured, GOAL_CALLS),
      await betweenNodes(node, inviter),
      ...(await fromTab(node, newSecret)),
    ]
  } finally {
    await inviter.close()
    await node.stop()
  }
}

const peerMetrics = z.object({ pool: z.object({ uses: z.number(), reuse: z.number(), opens: z.number() }) })

/** Calls from one real node to another, as a client of it makes them: how often a session was there. */
async function betweenNodes(node: NodeProcess, client: Client): Promise<Findings> {
  const other = await startNode()
  const otherClient = await connect(other)
  try {
    // The other node works for this one, which may then call its tools.
    const { structuredContent: invite } = await client.callTool({
      name: 'p2p_invite_create',
      arguments: { roles: ['work', 'submit'] },
    })
    await otherClient.callTool({
      name: 'p2p_peer_connect',
      arguments: { invite: inviteSchema.parse(invite).url },
    })
    const times: number[] = []
    let left = CALLS
    const lane = async (): Promise<void> => {
      while (left-- > 0) {
        const began = performance.now()
        const { isError } = await otherClient.callTool({
          name: 'p2p_peer_call_tool',
          arguments: { peer_id: node.peerId, tool: 'crypto_hash', params: { text: 'abc' } },
        })
        if (isError === true) throw new Error('a call of the other node failed')
        times.push(performance.now() - began)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, lane))
    const { structuredContent } = await otherClient.callTool({ name: 'p2p_peer_metrics', arguments: {} })
    const { pool } = peerMetrics.parse(structuredContent)
    return {
      method: `a client's calls of one node's tool by way of another node: HTTP and a session, ${CALLS} calls, ${AT_ONCE} at once`,
      figures: [
        roundTrip('call over both hops', times),
        {
          name: 'calls that found a session open',
          value: pool.reuse * 100,
          unit: '%',
          goal: { least: GOAL_REUSE },
        },
        { name: 'uses of sessions', value: pool.uses, unit: '' },
        { name: 'sessions opened', value: pool.opens, unit: '' },
      ],
    }
  } finally {
    await otherClient.close()
    await other.stop()
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
  const measured = await measureFromTab(node.peerId, addresses, newSecret)
  if (measured !== undefined) return measured.map((each, index) => findings(known[index]?.name ?? '', each))
  return [{ method: 'tab to node', figures: [], skipped: 'no Chromium here (name one with CHROMIUM_PATH)' }]
}

function findings(path: string, measured: Measured, goalCalls?: number): Findings {
  return {
    method: `${path}: crypto_hash run inline, ${measured.bytes} bytes each way, 5 rounds by turns`,
    figures: [
      roundTrip('raw echo, 1 in flight', measured.echo),
      roundTrip('tool call, 1 in flight', measured.call),
      ratio('ratio, 1 in flight', measured.call, measured.echo),
      roundTrip('raw echo, 64 in flight', measured.echo64),
      roundTrip('tool call, 64 in flight', measured.call64),
      { name: 'ratio, 64 in flight', value: ratioOf(measured.call64, measured.echo64), unit: 'times' },
      {
        name: 'calls over one session, 64 in flight',
        value: summarise(measured.perSecond64).median,
        unit: '/s',
        ...(goalCalls === undefined ? {} : { goal: { least: goalCalls } }),
      },
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
  return { name, value: ratioOf(calls, echoes), unit: 'times', goal: { most: GOAL_RATIO } }
}

function ratioOf(calls: readonly number[], echoes: readonly number[]): number {
  return summarise(calls).median / summarise(echoes).median
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
