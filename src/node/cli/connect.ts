import { z } from 'zod'
import { withClient } from './client-command.ts'
import { CLIENT_FLAGS, type Command, type Invocation } from './command.ts'
import { printJson, printLine } from './output.ts'

export const command: Command = {
  usage: '<invite url>',
  summary: "Join the running node to another one's mesh by its invite",
  positionals: [1, 1],
  flags: CLIENT_FLAGS,
  run: connect,
}

const connectedSchema = z.looseObject({ peer_id: z.string() })

async function connect(invocation: Invocation): Promise<void> {
  const [invite = ''] = invocation.positionals
  await withClient(invocation, async mesh => {
    const answer = await mesh.ask('p2p_peer_connect', { invite }, connectedSchema)
    if (invocation.flags.has('json')) return printJson(answer)
    printLine(`connected to ${answer.peer_id}`)
  })
}
