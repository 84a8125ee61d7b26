import { z } from 'zod'
import { revokeBy, runAction, type Work } from './actions.ts'
import { CLIENT_FLAGS, type Command, type Invocation, type OwnFlag } from './command.ts'
import { durationFlag, given, integerFlag, listFlag, textFlag } from './flag-values.ts'
import { printJson, printLine, printTable } from './output.ts'

const USAGE = '[create | list | revoke <id>]'

const FLAGS: readonly OwnFlag[] = [
  {
    name: 'roles',
    value: 'roles',
    actions: { create: 'read, work, submit, admin, separated by commas (default: work)' },
  },
  { name: 'ttl', value: 'time', actions: { create: 'how long it can be used, as 30m, 24h or 7d' } },
  { name: 'uses', value: 'n', actions: { create: 'how many peers may use it' } },
  { name: 'label', value: 'text', actions: { create: 'what it is for, shown in the list' } },
  ...CLIENT_FLAGS,
]

export const command: Command = {
  usage: USAGE,
  summary: 'Make a link by which a tab or a node joins; list and revoke what was made',
  positionals: [0, 2],
  flags: FLAGS,
  run: runAction('invite', {
    usage: USAGE,
    otherwise: 'create',
    flags: FLAGS,
    actions: {
      create: { words: [0, 0], plan: create },
      list: { words: [0, 0], plan: list },
      revoke: revokeBy('p2p_invite_revoke', 'peers that joined by it are disconnected'),
    },
  }),
}

const createdSchema = z.looseObject({ url: z.string(), expires_at: z.string() })

const listSchema = z.object({
  invites: z.array(
    z.looseObject({
      id: z.string(),
      roles: z.array(z.string()),
      uses: z.number(),
      expires_at: z.string(),
      name: z.string().optional(),
    }),
  ),
})

function create(_words: readonly string[], flags: Invocation['flags']): Work {
  const input = given({
    roles: listFlag(flags, 'roles'),
    ttl_ms: durationFlag(flags, 'ttl'),
    uses: integerFlag(flags, 'uses', 1),
    name: textFlag(flags, 'label'),
  })
  return async mesh => {
    const created = await mesh.ask('p2p_invite_create', input, createdSchema)
    if (flags.has('json')) return printJson(created)
    printLine(created.url)
    printLine(`works until ${created.expires_at}`)
  }
}

function list(_words: readonly string[], flags: Invocation['flags']): Work {
  return async mesh => {
    const answer = await mesh.ask('p2p_invite_list', {}, listSchema)
    if (flags.has('json')) return printJson(answer)
    printTable(
      ['id', 'roles', 'uses left', 'expires', 'label'],
      answer.invites.map(({ id, roles, uses, expires_at, name = '' }) => {
        return [id, roles.join(','), String(uses), expires_at, name]
      }),
    )
  }
}
