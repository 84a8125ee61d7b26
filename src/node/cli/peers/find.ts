/** Which peers there are: those of the mesh, and those that are only known. */
import { z } from 'zod'
import type { JsonObject } from '../../../shared/tools/tool.ts'
import type { Action, Work } from '../actions.ts'
import type { Invocation } from '../command.ts'
import { given, integerFlag, listFlag, textFlag } from '../flag-values.ts'
import { printJson, printLine, printTable } from '../output.ts'
import { refreshOf } from './refresh.ts'

export const FIND_ACTIONS = {
  list: {
    usage: '',
    summary: 'the peers of the mesh, this node first, and what each has run',
    words: [0, 0],
    plan: list,
  },
  discover: {
    usage: '',
    summary: 'all peers that are known, connected or not, and where they are',
    words: [0, 0],
    plan: discover,
  },
} satisfies Record<string, Action>

type Flags = Invocation['flags']

const listSchema = z.looseObject({
  total: z.number(),
  peers: z.array(
    z.looseObject({
      peer_id: z.string(),
      self: z.boolean(),
      kind: z.string(),
      name: z.string().optional(),
      connected: z.boolean(),
      path: z.string().optional(),
      rtt_ms: z.number().optional(),
      running: z.number(),
      credits: z.number(),
      succeeded: z.number(),
      failed: z.number(),
    }),
  ),
})

function list(_words: readonly string[], flags: Flags): Work {
  const input = filterOf(flags)
  return async mesh => {
    const answer = await mesh.ask('p2p_peer_list', input, listSchema)
    if (flags.has('json')) return printJson(answer)
    printTable(
      ['peer', 'kind', 'name', 'path', 'rtt', 'running', 'done', 'failed'],
      answer.peers.map(peer => [
        peer.peer_id,
        peer.kind,
        peer.name ?? '',
        peer.self ? 'this node' : peer.connected ? (peer.path ?? 'connected') : 'away',
        peer.rtt_ms === undefined ? '' : `${peer.rtt_ms.toFixed(1)} ms`,
        `${peer.running}/${peer.credits}`,
        String(peer.succeeded),
        String(peer.failed),
      ]),
    )
    const left = answer.total - answer.peers.length
    if (left > 0) printLine(`${left} more: --limit ${answer.total}`)
  }
}

const discoverSchema = z.looseObject({
  known: z.number(),
  peers: z.array(
    z.looseObject({
      peer_id: z.string(),
      kind: z.string().optional(),
      name: z.string().optional(),
      standing: z.string(),
      connected: z.boolean(),
      path: z.string().optional(),
      addresses: z.array(z.looseObject({ address: z.string() })),
      last_seen: z.string(),
    }),
  ),
  sources: z
    .array(
      z.looseObject({
        name: z.string(),
        error: z.object({ message: z.string() }).optional(),
      }),
    )
    .optional(),
})

function discover(_words: readonly string[], flags: Flags): Work {
  const input = { ...filterOf(flags), ...refreshOf(flags) }
  return async mesh => {
    const answer = await mesh.ask('p2p_peer_discover', input, discoverSchema)
    if (flags.has('json')) return printJson(answer)
    printTable(
      ['peer', 'kind', 'name', 'standing', 'path', 'seen', 'address'],
      answer.peers.map(
        ({ peer_id, kind = '', name = '', standing, connected, path, addresses, last_seen }) => [
          ...[peer_id, kind, name, standing],
          connected ? (path ?? 'connected') : 'away',
          ...[last_seen, addresses[0]?.address ?? ''],
        ],
      ),
    )
    for (const { name, error } of answer.sources ?? [])
      if (error !== undefined) printLine(`${name}: ${error.message}`)
  }
}

function filterOf(flags: Flags): JsonObject {
  return given({
    kind: textFlag(flags, 'kind'),
    labels: listFlag(flags, 'labels'),
    tool: textFlag(flags, 'tool'),
    connected: flags.has('connected') || undefined,
    limit: integerFlag(flags, 'limit', 1),
  })
}
