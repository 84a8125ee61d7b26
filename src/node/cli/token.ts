import { z } from 'zod'
import { withClient } from './client-command.ts'
import { CLIENT_FLAGS, type Command, type Invocation } from './command.ts'
import { UsageError } from './errors.ts'
import { durationFlag, given, listFlag, textFlag } from './flag-values.ts'
import type { MeshClient } from './mesh-client.ts'
import { printJson, printLine, printTable } from './output.ts'

export const command: Command = {
  usage: '[create | list | revoke <id>]',
  summary: 'Make a bearer token for an MCP client of a node in token mode; list and revoke what was made',
  positionals: [0, 2],
  flags: [
    { name: 'roles', value: 'roles', description: 'create: read, work, submit, admin, separated by commas' },
    { name: 'ttl', value: 'time', description: 'create: how long it is valid, as 30m, 24h or 7d' },
    { name: 'label', value: 'text', description: 'create: what it is for, shown in the list' },
    ...CLIENT_FLAGS,
  ],
  run: token,
}

const createdSchema = z.looseObject({
  id: z.string(),
  token: z.string(),
  roles: z.array(z.string()),
  expires_at: z.string(),
})

const listSchema = z.object({
  tokens: z.array(
    z.looseObject({
      id: z.string(),
      roles: z.array(z.string()),
      expires_at: z.string(),
      name: z.string().optional(),
    }),
  ),
})

async function token(invocation: Invocation): Promise<void> {
  await withClient(invocation, chosen(invocation))
}

type Work = (mesh: MeshClient) => Promise<void>

/** The flags are read, and may be refused, before a node is asked anything. */
function chosen({ positionals, flags }: Invocation): Work {
  const [action = 'create', id] = positionals
  if (action === 'create' && id === undefined) return create(flags)
  if (action === 'list' && id === undefined) return list(flags)
  if (action === 'revoke' && id !== undefined) return revoke(id, flags)
  throw new UsageError(`usage: toolmesh token ${command.usage}`)
}

function create(flags: Invocation['flags']): Work {
  const input = given({
    roles: listFlag(flags, 'roles'),
    ttl_ms: durationFlag(flags, 'ttl'),
    name: textFlag(flags, 'label'),
  })
  return async mesh => {
    const made = await mesh.ask('p2p_token_create', input, createdSchema)
    if (flags.has('json')) return printJson(made)
    printLine(made.token)
    printLine(`roles ${made.roles.join(', ')}, valid until ${made.expires_at}; it is shown only this once`)
    printLine(`toolmesh token revoke ${made.id} ends it`)
  }
}

function list(flags: Invocation['flags']): Work {
  return async mesh => {
    const answer = await mesh.ask('p2p_token_list', {}, listSchema)
    if (flags.has('json')) return printJson(answer)
    printTable(
      ['id', 'roles', 'expires', 'label'],
      answer.tokens.map(({ id, roles, expires_at, name = '' }) => [id, roles.join(','), expires_at, name]),
    )
  }
}

function revoke(id: string, flags: Invocation['flags']): Work {
  return async mesh => {
    const answer = await mesh.call('p2p_token_revoke', { id })
    if (flags.has('json')) return printJson(answer)
    printLine(`revoked ${id}; its sessions have ended`)
  }
}
