import { runAction } from './actions.ts'
import { CLIENT_FLAGS, type Command } from './command.ts'
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

export const command: Command = {
  usage: USAGE,
  summary: 'Run, see and change workflows of a running node: graphs of tasks',
  positionals: [0, 4],
  actions: Object.entries(ACTIONS).map(([name, { usage = '', summary = '' }]) => [
    `${name} ${usage}`.trimEnd(),
    summary,
  ]),
  flags: [
    { name: 'input', value: 'json', description: "submit, reschedule: the workflow's input" },
    { name: 'key', value: 'key', description: 'submit: idempotency key' },
    {
      name: 'labels',
      value: 'labels',
      description: "list: only with these; submit: the workflow's, as team=search,env=test",
    },
    { name: 'metadata', value: 'json', description: 'submit: data of your own, shown with it' },
    { name: 'dry-run', description: 'submit: only check it, and print the plan' },
    {
      name: 'name',
      value: 'name',
      description: 'submit: a kept definition; list: only of this name; define: another name than its own',
    },
    { name: 'version', value: 'version', description: 'submit, define, definitions: of a kept definition' },
    {
      name: 'state',
      value: 'states',
      description: 'list: workflows in these states, separated by commas; status: steps',
    },
    { name: 'parent', value: 'workflow', description: 'list: the children of this workflow' },
    { name: 'order', value: 'order', description: 'list: newest or oldest first' },
    { name: 'cursor', value: 'cursor', description: 'list: the page that begins there' },
    { name: 'limit', value: 'n', description: 'list, status, definitions: at most this many' },
    { name: 'step', value: 'step', description: 'status: this step, with its input and output' },
    { name: 'item', value: 'n', description: 'status: this item of a --step that is a for_each' },
    {
      name: 'after',
      value: 'position',
      description: 'status: the page behind it; events: those behind this position',
    },
    { name: 'format', value: 'format', description: 'dag: mermaid (unless given), dot or json' },
    { name: 'wait', value: 'time', description: 'submit, result: for its end, as 90s' },
    { name: 'reason', value: 'text', description: 'cancel: why' },
    {
      name: 'steps',
      value: 'steps',
      description: 'reschedule: these, separated by commas, instead of those that failed',
    },
    { name: 'from', value: 'step', description: 'reschedule: this one, and all that follows' },
    { name: 'to', value: 'peer', description: 'coordinate: hand it over to this node' },
    {
      name: 'follow',
      description: 'events: go on with what comes, until it has ended; with --json, one a line',
    },
    ...CLIENT_FLAGS,
  ],
  run: runAction('workflows', { usage: USAGE, otherwise: 'list', actions: ACTIONS }),
}
