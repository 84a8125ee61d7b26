/** How one peer, or the mesh, does. */
import { z } from 'zod'
import type { Action, Work } from '../actions.ts'
import type { Invocation } from '../command.ts'
import { printJson, printLine, printTable } from '../output.ts'
import { refreshOf } from './refresh.ts'

export const SHOW_ACTIONS = {
  show: {
    usage: '<peer>',
    summary: 'all that is known of one peer, and what became of the last dials to it',
    words: [1, 1],
    plan: show,
  },
  metrics: {
    usage: '',
    summary: 'sessions, how long they take to open, and how each source of peers does',
    words: [0, 0],
    plan: metrics,
  },
  address: {
    usage: '',
    summary: 'how this node is seen from outside, and whether others can reach it',
    words: [0, 0],
    plan: address,
  },
} satisfies Record<string, Action>

type Flags = Invocation['flags']

const peerSchema = z.looseObject({
  peer_id: z.string(),
  kind: z.string().optional(),
  name: z.string().optional(),
  agent: z.string().optional(),
  labels: z.array(z.string()),
  standing: z.string(),
  connected: z.boolean(),
  draining: z.boolean(),
  path: z.string().optional(),
  rtt_ms: z.number().optional(),
  tools: z.number().optional(),
  capacity: z.number().optional(),
  running: z.number().optional(),
  last_seen: z.string(),
  addresses: z.array(
    z.looseObject({
      address: z.string(),
      sources: z.array(z.string()),
      failures: z.number(),
      last_success: z.string().optional(),
      dial_ms: z.number().optional(),
    }),
  ),
  last_dials: z.array(
    z.looseObject({
      address: z.string(),
      outcome: z.string(),
      ms: z.number(),
      steps: z.array(
        z.looseObject({ step: z.string(), error: z.looseObject({ message: z.string() }).optional() }),
      ),
    }),
  ),
})

function show([peer = '']: readonly string[], flags: Flags): Work {
  return async mesh => {
    const answer = await mesh.ask('p2p_peer_metrics', { peer_id: peer }, z.looseObject({ peer: peerSchema }))
    if (flags.has('json')) return printJson(answer.peer)
    const { peer_id, kind, name, agent, labels, standing, connected, draining, path, rtt_ms } = answer.peer
    const { tools, capacity, running = 0, last_seen, addresses, last_dials } = answer.peer
    printLine([peer_id, kind, name, agent].filter(word => word !== undefined).join('  '))
    const state = connected ? `connected by ${path ?? 'a session'}` : `away, last seen ${last_seen}`
    const rtt = rtt_ms === undefined ? '' : `, round trip ${rtt_ms.toFixed(1)} ms`
    printLine(`${state}${rtt}; ${standing}${draining ? '; is ending' : ''}`)
    if (labels.length > 0) printLine(labels.join(','))
    if (tools !== undefined) printLine(`${tools} tools`)
    if (capacity !== undefined) printLine(`runs ${running} of ${capacity}`)
    printTable(
      ['told by', 'worked', 'failures', 'dial', 'address'],
      addresses.map(({ address, sources, last_success = '', failures, dial_ms }) => [
        ...[sources.join(','), last_success, String(failures)],
        dial_ms === undefined ? '' : `${dial_ms.toFixed(1)} ms`,
        address,
      ]),
    )
    if (last_dials.length === 0) return
    printTable(
      ['dial', 'took', 'step', 'error', 'address'],
      last_dials.map(({ address, outcome, ms, steps }) => {
        const last = steps.at(-1)
        return [outcome, `${ms.toFixed(1)} ms`, last?.step ?? '', last?.error?.message ?? '', address]
      }),
    )
  }
}

const counts = z.record(z.string(), z.number())

const amount = z.object({ bytes: z.number(), messages: z.number() })

const metricsSchema = z.looseObject({
  peers: z.object({ known: z.number(), connected: z.number(), paths: counts }),
  pool: z.looseObject({
    open: z.number(),
    uses: z.number(),
    reuse: z.number(),
    opens: z.number(),
    failures: counts,
    ends: counts,
    open_ms: z.object({ p50: z.number().nullable(), p99: z.number().nullable() }),
  }),
  traffic: z.object({ received: amount, sent: amount }),
  sources: z.array(
    z.looseObject({
      name: z.string(),
      looks: z.number(),
      found: z.number(),
      published: z.number(),
      last_success: z.string().optional(),
      error: z.looseObject({ message: z.string() }).optional(),
    }),
  ),
})

function metrics(_words: readonly string[], flags: Flags): Work {
  return async mesh => {
    const answer = await mesh.ask('p2p_peer_metrics', {}, metricsSchema)
    if (flags.has('json')) return printJson(answer)
    const { peers, pool, traffic, sources } = answer
    printLine(`peers: ${peers.known} known, ${peers.connected} connected${listed(peers.paths)}`)
    printLine(
      `sessions: ${pool.open} open, ${pool.opens} opened${listed(pool.failures, 'failed')}${listed(pool.ends, 'ended')}`,
    )
    printLine(`uses: ${pool.uses}, of these ${Math.round(pool.reuse * 100)} % found a session open`)
    const { p50, p99 } = pool.open_ms
    if (p50 !== null && p99 !== null)
      printLine(`to open one: median ${p50.toFixed(1)} ms, 99th percentile ${p99.toFixed(1)} ms`)
    const { received, sent } = traffic
    printLine(
      `traffic: ${received.messages} messages of ${received.bytes} bytes received, ${sent.messages} of ${sent.bytes} sent`,
    )
    printTable(
      ['source', 'looks', 'found', 'published', 'worked', 'error'],
      sources.map(({ name, looks, found, published, last_success = '', error }) => [
        ...[name, String(looks), String(found), String(published), last_success],
        error?.message ?? '',
      ]),
    )
  }
}

const addressSchema = z.looseObject({
  nat: z.string(),
  public_ips: z.array(z.looseObject({ ip: z.string(), source: z.string(), witnesses: z.number() })),
  addresses: z.array(z.looseObject({ address: z.string(), state: z.string() })),
  relays: z.array(z.looseObject({ peer_id: z.string() })),
})

function address(_words: readonly string[], flags: Flags): Work {
  const input = refreshOf(flags)
  return async mesh => {
    const answer = await mesh.ask('p2p_peer_get_public_ip', input, addressSchema)
    if (flags.has('json')) return printJson(answer)
    const { nat, public_ips, addresses, relays } = answer
    printLine(NAT[nat] ?? nat)
    for (const { ip, source, witnesses } of public_ips) printLine(`${ip}  by ${source}, ${witnesses} said so`)
    for (const { peer_id } of relays) printLine(`through the relay ${peer_id}`)
    printTable(
      ['state', 'address'],
      addresses.map(({ address, state }) => [state, address]),
    )
  }
}

const NAT: Readonly<Record<string, string>> = {
  public: 'others reach this node',
  private: 'others cannot reach this node by themselves',
  unknown: 'whether others reach this node is not known',
}

/** ` (tcp 2, webrtc 1)`, or nothing where there is none. */
function listed(numbers: Record<string, number>, what?: string): string {
  const all = Object.entries(numbers).map(([name, count]) => `${name} ${count}`)
  return all.length === 0 ? '' : ` (${what === undefined ? '' : `${what}: `}${all.join(', ')})`
}
