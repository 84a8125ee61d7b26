import { runAction } from './actions.ts'
import { CLIENT_FLAGS, type Command, type OwnFlag } from './command.ts'
import { CHANGE_ACTIONS } from './peers/change.ts'
import { FIND_ACTIONS } from './peers/find.ts'
import { SHOW_ACTIONS } from './peers/show.ts'

const ACTIONS = { ...FIND_ACTIONS, ...SHOW_ACTIONS, ...CHANGE_ACTIONS }

const USAGE = `[${Object.keys(ACTIONS).join(' | ')}] …`

/** A flag of the actions that list peers. */
const filter = (what: string): Record<string, string> => ({ list: what, discover: what })

const FLAGS: readonly OwnFlag[] = [
  { name: 'kind', value: 'kind', actions: filter('only node, or only tab') },
  { name: 'labels', value: 'labels', actions: filter('only with these, as kind:node,gpu') },
  { name: 'tool', value: 'tool', actions: filter('only those that have this tool') },
  { name: 'connected', actions: filter('only those with a session') },
  { name: 'limit', value: 'n', actions: filter('at most this many') },
  {
    name: 'refresh',
    actions: { discover: 'ask all sources of peers first', address: 'ask who can tell first' },
  },
  { name: 'wait', value: 'time', actions: { discover: 'for them, as 5s', address: 'for them, as 5s' } },
  ...CLIENT_FLAGS,
]

export const command: Command = {
  usage: USAGE,
  summary: 'See the peers of a running node, itself first; find, connect and disconnect them',
  positionals: [0, 2],
  actions: Object.entries(ACTIONS).map(([name, { usage, summary }]) => [
    `${name} ${usage}`.trimEnd(),
    summary,
  ]),
  flags: FLAGS,
  run: runAction('peers', { usage: USAGE, otherwise: 'list', actions: ACTIONS, flags: FLAGS }),
}
