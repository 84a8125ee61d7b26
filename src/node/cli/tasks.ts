import { runAction } from './actions.ts'
import { CLIENT_FLAGS, type Command, type OwnFlag } from './command.ts'
import { EVENTS_ACTION } from './tasks/events.ts'
import { NODE_ACTIONS } from './tasks/node.ts'
import { SCHEDULE_ACTIONS } from './tasks/schedules.ts'
import { SHOW_ACTIONS } from './tasks/show.ts'
import { SUBMIT_ACTIONS } from './tasks/submit.ts'
import { WAITING_ACTIONS } from './tasks/waiting.ts'

const ACTIONS = {
  ...SHOW_ACTIONS,
  ...SUBMIT_ACTIONS,
  ...WAITING_ACTIONS,
  ...NODE_ACTIONS,
  ...SCHEDULE_ACTIONS,
  events: EVENTS_ACTION,
}

const USAGE = `[${Object.keys(ACTIONS).join(' | ')}] …`

/** As many tasks as one call takes. */
const MOST_WORDS = 1_001

const FLAGS: readonly OwnFlag[] = [
  { name: 'state', value: 'states', actions: { list: 'only in these states, separated by commas' } },
  {
    name: 'tool',
    value: 'tool',
    actions: {
      list: 'only this tool',
      peers: 'only this tool',
      pause: 'only this tool',
      resume: 'only this tool',
    },
  },
  {
    name: 'category',
    value: 'category',
    actions: { pause: 'only the tools of this category', resume: 'only the tools of this category' },
  },
  {
    name: 'labels',
    value: 'labels',
    actions: { list: 'only with these', submit: "the task's, as team=search,env=test" },
  },
  { name: 'from', value: 'time', actions: { list: 'submitted at or after this ISO 8601 time' } },
  { name: 'until', value: 'time', actions: { list: 'submitted before this ISO 8601 time' } },
  { name: 'sort', value: 'by', actions: { list: 'created or ended' } },
  { name: 'order', value: 'order', actions: { list: 'newest or oldest first' } },
  { name: 'cursor', value: 'cursor', actions: { list: 'the page that begins there' } },
  { name: 'limit', value: 'n', actions: { list: 'at most this many' } },
  {
    name: 'priority',
    value: 'n',
    actions: { submit: '1 to 10, 10 first', resubmit: '1 to 10, 10 first', schedule: '1 to 10, 10 first' },
  },
  {
    name: 'requires',
    value: 'labels',
    actions: {
      submit: 'labels of the peer, as kind:tab, separated by commas',
      peers: 'labels of the peer, as kind:tab, separated by commas',
    },
  },
  {
    name: 'target',
    value: 'peer',
    actions: { submit: 'the peer that must run it', peers: 'the peer that must run it' },
  },
  { name: 'key', value: 'key', actions: { submit: 'idempotency key' } },
  { name: 'delay', value: 'time', actions: { submit: 'not to start before, as 10m' } },
  {
    name: 'options',
    value: 'json',
    actions: {
      submit: 'further options of the task, as \'{"any_build": true}\'',
      resubmit: 'further options of the task, as \'{"any_build": true}\'',
      schedule: 'further options of the task, as \'{"any_build": true}\'',
    },
  },
  { name: 'params', value: 'json', actions: { resubmit: 'other parameters for the tool' } },
  { name: 'wait', value: 'time', actions: { result: 'for its end, as 90s', drain: 'for what runs, as 90s' } },
  { name: 'reason', value: 'text', actions: { cancel: 'why', drain: 'why' } },
  {
    name: 'timezone',
    value: 'zone',
    actions: { schedule: 'by which the expression is read, as Europe/Berlin' },
  },
  {
    name: 'overlap',
    value: 'how',
    actions: { schedule: 'allow or skip, while the task before has not ended' },
  },
  {
    name: 'missed',
    value: 'how',
    actions: { schedule: 'skip or run_once, for ticks while the node was away' },
  },
  {
    name: 'workflow',
    value: 'name',
    actions: { schedule: 'a definition that the node keeps, as digest or digest@2, instead of a tool' },
  },
  { name: 'input', value: 'json', actions: { schedule: 'the input of the --workflow' } },
  { name: 'disabled', actions: { schedule: 'keep it without ticks' } },
  { name: 'remove', actions: { schedule: 'end it' } },
  { name: 'after', value: 'seq', actions: { events: 'those behind this position (default: the newest)' } },
  { name: 'follow', actions: { events: 'go on with what comes; with --json, one a line' } },
  ...CLIENT_FLAGS,
]

export const command: Command = {
  usage: USAGE,
  summary: 'See and change the task queue of a running node: tasks, workers, schedules, events',
  positionals: [0, MOST_WORDS],
  actions: Object.entries(ACTIONS).map(([name, { usage = '', summary = '' }]) => [
    `${name} ${usage}`.trimEnd(),
    summary,
  ]),
  flags: FLAGS,
  run: runAction('tasks', { usage: USAGE, otherwise: 'status', actions: ACTIONS, flags: FLAGS }),
}
