import { z } from 'zod'
import { withClient } from './client-command.ts'
import { CLIENT_FLAGS, type Command, type Invocation } from './command.ts'
import { printJson, printTable } from './output.ts'

export const command: Command = {
  usage: '',
  summary: 'List the peers of a running node, itself first',
  positionals: [0, 0],
  flags: CLIENT_FLAGS,
  run: peers,
}

const peersSchema = z.object({
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

async function peers(invocation: Invocation): Promise<void> {
  await withClient(invocation, async mesh => {
    const answer = await mesh.ask('p2p_peer_list', {}, peersSchema)
    if (invocation.flags.has('json')) return printJson(answer)
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
  })
}
