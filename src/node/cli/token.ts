import { z } from 'zod'
import { revokeBy, runAction, type Work } from './actions.ts'
import { CLIENT_FLAGS, type Command, type Invocation, type OwnFlag } from './command.ts'
import { durationFlag, given, listFlag, textFlag } from './flag-values.ts'
import { printJson, printLine, printTable } from './output.ts'

const USAGE = '[create | list | revoke <id>]'

const FLAGS: readonly OwnFlag[] = [
  { name: 'roles', value: 'roles', actions: { create: 'read, work, submit, admin, separated by commas' } },
  { name: 'ttl', value: 'time', actions: { create: 'how long it is valid, as 30m, 24h or 7d' } },
  { name: 'label', value: 'text', actions: { create: 'what it is for, shown in the list' } },
  ...CLIENT_FLAGS,
]

export const command: Command = {
  usage: USAGE,
  summary: 'Make a bearer token for an MCP client of a node in token mode; list and revoke what was made',
  positionals: [0, 2],
  flags: FLAGS,
  run: runAction('token', {
    usage: USAGE,
    otherwise: 'create',
    flags: FLAGS,
    actions: {
      create: { words: [0, 0], plan: create },
      list: { words: [0, 0], plan: list },
      revoke: revokeBy('p2p_token_revoke', 'its sessions have ended'),
    },
  }),
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

function create(_words: readonly string[], flags: Invocation['flags']): Work {
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

function list(_words: readonly string[], flags: Invocation['flags']): Work {
  return async mesh => {
    const answer = await mesh.ask('p2p_token_list', {}, listSchema)
    if (flags.has('json')) return printJson(answer)
    printTable(
      ['id', 'roles', 'expires', 'label'],
      answer.tokens.map(({ id, roles, expires_at, name = '' }) => [id, roles.join(','), expires_at, name]),
    )
  }
}
