import { z } from 'zod'
import { withClient } from './client-command.ts'
import { CLIENT_FLAGS, type Command, type Invocation } from './command.ts'
import { durationFlag, given, listFlag, textFlag } from './flag-values.ts'
import { printJson, printLine } from './output.ts'

export const command: Command = {
  usage: '',
  summary: 'Make a bearer token for an MCP client of a node in token mode',
  positionals: [0, 0],
  flags: [
    { name: 'roles', value: 'roles', description: 'read, work, submit, admin, separated by commas' },
    { name: 'ttl', value: 'time', description: 'how long it is valid, as 30m, 24h or 7d' },
    { name: 'label', value: 'text', description: 'what it is for' },
    ...CLIENT_FLAGS,
  ],
  run: token,
}

const tokenSchema = z.looseObject({ token: z.string(), roles: z.array(z.string()), expires_at: z.string() })

async function token(invocation: Invocation): Promise<void> {
  const { flags } = invocation
  const input = given({
    roles: listFlag(flags, 'roles'),
    ttl_ms: durationFlag(flags, 'ttl'),
    name: textFlag(flags, 'label'),
  })
  await withClient(invocation, async mesh => {
    const made = await mesh.ask('p2p_token_create', input, tokenSchema)
    if (flags.has('json')) return printJson(made)
    printLine(made.token)
    printLine(`roles ${made.roles.join(', ')}, valid until ${made.expires_at}; it is shown only this once`)
  })
}
