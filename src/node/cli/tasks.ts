import { z } from 'zod'
import type { JsonObject } from '../../shared/tools/tool.ts'
import { runAction, type Work } from './actions.ts'
import { CLIENT_FLAGS, type Command, type Invocation } from './command.ts'
import { durationFlag, given, integerFlag, jsonObject, listFlag, textFlag } from './flag-values.ts'
import { printJson, printLine, printTable } from './output.ts'

const USAGE = '[status [<task>] | list | submit <tool> <json> | result <task> | cancel <task>]'

export const command: Command = {
  usage: USAGE,
  summary: 'See the queue of a running node, submit tasks and get their results',
  positionals: [0, 3],
  flags: [
    { name: 'state', value: 'state', description: 'list: only tasks in this state' },
    { name: 'tool', value: 'tool', description: 'list: only tasks of this tool' },
    { name: 'limit', value: 'n', description: 'list: at most this many' },
    { name: 'priority', value: 'n', description: 'submit: 1 to 10, 10 first' },
    {
      name: 'requires',
      value: 'labels',
      description: 'submit: labels of the peer, as kind:tab, separated by commas',
    },
    { name: 'key', value: 'key', description: 'submit: idempotency key' },
    { name: 'wait', value: 'time', description: 'result: wait this long for the end, as 90s' },
    { name: 'reason', value: 'text', description: 'cancel: why' },
    ...CLIENT_FLAGS,
  ],
  run: runAction('tasks', {
    usage: USAGE,
    otherwise: 'status',
    actions: {
      status: { words: [0, 1], plan: status },
      list: { words: [0], plan: list },
      submit: { words: [2], plan: submit },
      result: { words: [1], plan: result },
      cancel: { words: [1], plan: cancel },
    },
  }),
}

const queueSchema = z.looseObject({ counts: z.record(z.string(), z.number()) })

function status([task]: readonly string[], flags: Invocation['flags']): Work {
  return async mesh => {
    if (task !== undefined) return printJson(await mesh.call('p2p_taskqueue_task_status', { task_id: task }))
    const answer = await mesh.ask('p2p_taskqueue_status', {}, queueSchema)
    if (flags.has('json')) return printJson(answer)
    printTable(
      ['state', 'tasks'],
      Object.entries(answer.counts).map(([state, count]) => [state, String(count)]),
    )
  }
}

const listSchema = z.looseObject({
  tasks: z.array(
    z.looseObject({
      task_id: z.string(),
      state: z.string(),
      tool: z.string(),
      created_at: z.string(),
      attempts: z.number(),
      peer_id: z.string().optional(),
    }),
  ),
})

function list(_words: readonly string[], flags: Invocation['flags']): Work {
  const input = given({
    state: textFlag(flags, 'state'),
    tool: textFlag(flags, 'tool'),
    limit: integerFlag(flags, 'limit', 1),
  })
  return async mesh => {
    const answer = await mesh.ask('p2p_taskqueue_list_tasks', input, listSchema)
    if (flags.has('json')) return printJson(answer)
    printTable(
      ['task', 'state', 'tool', 'created', 'attempts', 'peer'],
      answer.tasks.map(({ task_id, state, tool, created_at, attempts, peer_id = '' }) => {
        return [task_id, state, tool, created_at, String(attempts), peer_id]
      }),
    )
  }
}

const receiptSchema = z.looseObject({
  tasks: z.array(z.looseObject({ task_id: z.string(), state: z.string() })),
})

function submit([tool = '', json = '{}']: readonly string[], flags: Invocation['flags']): Work {
  const input: JsonObject = {
    tool,
    params: jsonObject(json, `the input of ${tool}`),
    ...given({
      priority: integerFlag(flags, 'priority', 1),
      requires: listFlag(flags, 'requires'),
      idempotency_key: textFlag(flags, 'key'),
    }),
  }
  return async mesh => {
    const answer = await mesh.ask('p2p_taskqueue_submit', input, receiptSchema)
    if (flags.has('json')) return printJson(answer)
    for (const { task_id, state } of answer.tasks) printLine(`${task_id}  ${state}`)
  }
}

function result([task = '']: readonly string[], flags: Invocation['flags']): Work {
  const input = given({ task_id: task, wait_ms: durationFlag(flags, 'wait') })
  return async mesh => printJson(await mesh.call('p2p_taskqueue_get_result', input))
}

function cancel([task = '']: readonly string[], flags: Invocation['flags']): Work {
  const input = given({ task_id: task, reason: textFlag(flags, 'reason') })
  return async mesh => {
    const answer = await mesh.call('p2p_taskqueue_cancel', input)
    if (flags.has('json')) return printJson(answer)
    printLine(`cancelled ${task}`)
  }
}
