import { runAction } from './actions.ts'
import { CLIENT_FLAGS, type Command, type OwnFlag } from './command.ts'
import { CHANGE_ACTIONS } from './workflows/change.ts'
import { DEFINITION_ACTIONS } from './workflows/definitions.ts'
import { EVENTS_ACTION } from './workflows/events.ts'
import { SHOW_ACTIONS } from './workflows/show.ts'
import { SUBMIT_ACTIONS } from './workflows/submit.ts'

const ACTIONS = {
  ...SHOW_ACTIONS,
  ...SUBMIT_ACTIONS,
  ...CHANGE_ACTIONS,
  ...DEFINITION_ACTIONS,
  events: EVENTS_ACTION,
}

const USAGE = `[${Object.keys(ACTIONS).join(' | ')}] …`

const FLAGS: readonly OwnFlag[] = [
  {
    name: 'input',
    value: 'json',
    actions: { submit: "the workflow's input", reschedule: "the workflow's input" },
  },
  { name: 'key', value: 'key', actions: { submit: 'idempotency key' } },
  {
    name: 'labels',
    value: 'labels',
    actions: { list: 'only with these', submit: "the workflow's, as team=search,env=test" },
  },
  { name: 'metadata', value: 'json', actions: { submit: 'data of your own, shown with it' } },
  { name: 'dry-run', actions: { submit: 'only check it, and print the plan' } },
  {
    name: 'name',
    value: 'name',
    actions: { submit: 'a kept definition', list: 'only of this name', define: 'another name than its own' },
  },
  {
    name: 'version',
    value: 'version',
    actions: {
      submit: 'of a kept definition',
      define: 'of a kept definition',
      definitions: 'of a kept definition',
    },
  },
  {
    name: 'state',
    value: 'states',
    actions: { list: 'workflows in these states, separated by commas', status: 'steps in these states' },
  },
  { name: 'parent', value: 'workflow', actions: { list: 'the children of this workflow' } },
  { name: 'order', value: 'order', actions: { list: 'newest or oldest first' } },
  { name: 'cursor', value: 'cursor', actions: { list: 'the page that begins there' } },
  {
    name: 'limit',
    value: 'n',
    actions: { list: 'at most this many', status: 'at most this many', definitions: 'at most this many' },
  },
  { name: 'step', value: 'step', actions: { status: 'this step, with its input and output' } },
  { name: 'item', value: 'n', actions: { status: 'this item of a --step that is a for_each' } },
  {
    name: 'after',
    value: 'position',
    actions: { status: 'the page behind it', events: 'those behind this position' },
  },
  { name: 'format', value: 'format', actions: { dag: 'mermaid (unless given), dot or json' } },
  { name: 'wait', value: 'time', actions: { submit: 'for its end, as 90s', result: 'for its end, as 90s' } },
  { name: 'reason', value: 'text', actions: { cancel: 'why' } },
  {
    name: 'steps',
    value: 'steps',
    actions: { reschedule: 'these, separated by commas, instead of those that failed' },
  },
  { name: 'from', value: 'step', actions: { reschedule: 'this one, and all that follows' } },
  { name: 'to', value: 'peer', actions: { coordinate: 'hand it over to this node' } },
  {
    name: 'follow',
    actions: { events: 'go on with what comes, until it has ended; with --json, one a line' },
  },
  ...CLIENT_FLAGS,
]

export const command: Command = {
  usage: USAGE,
  summary: 'Run, see and change workflows of a running node: graphs of tasks',
  positionals: [0, 4],
  actions: Object.entries(ACTIONS).map(([name, { usage = '', summary = '' }]) => [
    `${name} ${usage}`.trimEnd(),
    summary,
  ]),
  flags: FLAGS,
  run: runAction('workflows', { usage: USAGE, otherwise: 'list', actions: ACTIONS, flags: FLAGS }),
}
