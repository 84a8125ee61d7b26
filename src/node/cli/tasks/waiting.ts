/** Changes of tasks that have not ended. */
import { z } from 'zod'
import type { Action, Work } from '../actions.ts'
import type { Invocation } from '../command.ts'
import { UsageError } from '../errors.ts'
import { given, jsonObject, textFlag } from '../flag-values.ts'
import { printJson, printLine } from '../output.ts'
import { manySchema, printMany } from './many.ts'

export const WAITING_ACTIONS = {
  cancel: { usage: '<task>…', summary: 'tasks that have not ended', words: [1, 1000], plan: cancel },
  priority: {
    usage: '<task> <n>',
    summary: 'of a task that waits: 1 to 10, 10 first',
    words: [2, 2],
    plan: priority,
  },
  update: {
    usage: '<task> <json>',
    summary: 'labels, limits and more of a task that has not started',
    words: [2, 2],
    plan: update,
  },
} satisfies Record<string, Action>

type Flags = Invocation['flags']

function cancel(tasks: readonly string[], flags: Flags): Work {
  const input = { task_ids: [...tasks], ...given({ reason: textFlag(flags, 'reason') }) }
  return async mesh => {
    const answer = await mesh.ask('p2p_taskqueue_cancel', input, manySchema)
    printMany(answer, flags.has('json'), each => `cancelled ${each.task_id}`)
  }
}

const changedSchema = z.looseObject({ task_id: z.string(), state: z.string(), priority: z.number() })

function priority([task = '', text = '']: readonly string[], flags: Flags): Work {
  const priority = Number(text)
  if (!Number.isInteger(priority))
    throw new UsageError(`the priority: got ${JSON.stringify(text)}, allowed: a whole number from 1 to 10`)
  return change('p2p_taskqueue_priority', { task_id: task, priority }, flags)
}

function update([task = '', json = '']: readonly string[], flags: Flags): Work {
  const changes = jsonObject(json, 'the changes')
  return change('p2p_taskqueue_update_task', { ...changes, task_id: task }, flags)
}

function change(tool: string, input: Parameters<typeof given>[0], flags: Flags): Work {
  return async mesh => {
    const answer = await mesh.ask(tool, given(input), changedSchema)
    if (flags.has('json')) return printJson(answer)
    printLine(`${answer.task_id}  ${answer.state}  priority ${answer.priority}`)
  }
}
