import { runAction } from './actions.ts'
import { CLIENT_FLAGS, type Command } from './command.ts'
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

export const command: Command = {
  usage: USAGE,
  summary: 'See and change the task queue of a running node: tasks, workers, schedules, events',
  positionals: [0, MOST_WORDS],
  actions: Object.entries(ACTIONS).map(([name, { usage = '', summary = '' }]) => [
    `${name} ${usage}`.trimEnd(),
    summary,
  ]),
  flags: [
    { name: 'state', value: 'states', description: 'list: only in these states, separated by commas' },
    { name: 'tool', value: 'tool', description: 'list, peers, pause, resume: only this tool' },
    { name: 'category', value: 'category', description: 'pause, resume: only the tools of this category' },
    {
      name: 'labels',
      value: 'labels',
      description: "list: only with these; submit: the task's, as team=search,env=test",
    },
    { name: 'from', value: 'time', description: 'list: submitted at or after this ISO 8601 time' },
    { name: 'until', value: 'time', description: 'list: submitted before this ISO 8601 time' },
    { name: 'sort', value: 'by', description: 'list: created or ended' },
    { name: 'order', value: 'order', description: 'list: newest or oldest first' },
    { name: 'cursor', value: 'cursor', description: 'list: the page that begins there' },
    { name: 'limit', value: 'n', description: 'list: at most this many' },
    { name: 'priority', value: 'n', description: 'submit, resubmit: 1 to 10, 10 first' },
    {
      name: 'requires',
      value: 'labels',
      description: 'submit, peers: labels of the peer, as kind:tab, separated by commas',
    },
    { name: 'target', value: 'peer', description: 'submit, peers: the peer that must run it' },
    { name: 'key', value: 'key', description: 'submit: idempotency key' },
    { name: 'delay', value: 'time', description: 'submit: not to start before, as 10m' },
    {
      name: 'options',
      value: 'json',
      description: 'submit, resubmit, schedule: further options of the task, as \'{"any_build": true}\'',
    },
    { name: 'params', value: 'json', description: 'resubmit: other parameters for the tool' },
    { name: 'wait', value: 'time', description: 'result: for its end; drain: for what runs; as 90s' },
    { name: 'reason', value: 'text', description: 'cancel, drain: why' },
    {
      name: 'timezone',
      value: 'zone',
      description: 'schedule: by which the expression is read, as Europe/Berlin',
    },
    {
      name: 'overlap',
      value: 'how',
      description: 'schedule: allow or skip, while the task before has not ended',
    },
    {
      name: 'missed',
      value: 'how',
      description: 'schedule: skip or run_once, for ticks while the node was away',
    },
    {
      name: 'workflow',
      value: 'name',
      description: 'schedule: a definition that the node keeps, as digest or digest@2, instead of a tool',
    },
    { name: 'input', value: 'json', description: 'schedule: the input of the --workflow' },
    { name: 'disabled', description: 'schedule: keep it without ticks' },
    { name: 'remove', description: 'schedule: end it' },
    { name: 'after', value: 'seq', description: 'events: those behind this position (default: the newest)' },
    { name: 'follow', description: 'events: go on with what comes; with --json, one a line' },
    ...CLIENT_FLAGS,
  ],
  run: runAction('tasks', { usage: USAGE, otherwise: 'status', actions: ACTIONS }),
}
