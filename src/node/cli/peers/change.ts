/** Who this node has a session with. */
import { z } from 'zod'
import type { Action, Work } from '../actions.ts'
import type { Invocation } from '../command.ts'
import { printJson, printLine } from '../output.ts'
import { peerInput } from './peer-input.ts'

export const CHANGE_ACTIONS = {
  connect: {
    usage: '<peer | address | invite url>',
    summary: "open a session with a peer, or join another node's mesh by its invite",
    words: [1, 1],
    plan: connect,
  },
  disconnect: {
    usage: '<peer>',
    summary: 'close the session with a peer',
    words: [1, 1],
    plan: disconnect,
  },
} satisfies Record<string, Action>

type Flags = Invocation['flags']

const connectedSchema = z.looseObject({ peer_id: z.string(), path: z.string().optional() })

function connect([target = '']: readonly string[], flags: Flags): Work {
  return async mesh => {
    const answer = await mesh.ask('p2p_peer_connect', peerInput(target), connectedSchema)
    if (flags.has('json')) return printJson(answer)
    const by = answer.path === undefined ? '' : ` by ${answer.path}`
    printLine(`connected to ${answer.peer_id}${by}`)
  }
}

const disconnectedSchema = z.looseObject({ disconnected: z.boolean() })

function disconnect([peer = '']: readonly string[], flags: Flags): Work {
  return async mesh => {
    const answer = await mesh.ask('p2p_peer_disconnect', { peer_id: peer }, disconnectedSchema)
    if (flags.has('json')) return printJson(answer)
    printLine(answer.disconnected ? `disconnected from ${peer}` : `there is no session with ${peer}`)
  }
}
