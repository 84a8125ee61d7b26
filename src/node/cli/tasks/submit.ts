/** Tasks that come to be, and what came of them. */
import { z } from 'zod'
import { TERMINAL_STATES } from '../../../shared/queue/task.ts'
import type { Action, Work } from '../actions.ts'
import type { Invocation } from '../command.ts'
import {
  durationFlag,
  given,
  integerFlag,
  jsonFlag,
  jsonObject,
  labelsFlag,
  listFlag,
  textFlag,
} from '../flag-values.ts'
import { printOutcome } from '../outcome.ts'
import { printJson, printLine } from '../output.ts'
import { manySchema, printMany } from './many.ts'

export const SUBMIT_ACTIONS = {
  submit: {
    usage: '<tool> [json]',
    summary: 'a task of a tool, with its parameters',
    words: [1, 2],
    plan: submit,
  },
  result: {
    usage: '<task>',
    summary: 'its result or error; with --wait, when it has ended',
    words: [1, 1],
    plan: result,
  },
  resubmit: {
    usage: '<task>…',
    summary: 'ended tasks again, as new ones: dead letters are put back so',
    words: [1, 1000],
    plan: resubmit,
  },
} satisfies Record<string, Action>

type Flags = Invocation['flags']

const receiptSchema = z.looseObject({
  tasks: z.array(z.looseObject({ task_id: z.string(), state: z.string() })),
})

function submit([tool = '', json = '{}']: readonly string[], flags: Flags): Work {
  const input = {
    tool,
    params: jsonObject(json, `the input of ${tool}`),
    ...jsonFlag(flags, 'options'),
    ...given({
      priority: integerFlag(flags, 'priority', 1),
      requires: listFlag(flags, 'requires'),
      target: textFlag(flags, 'target'),
      idempotency_key: textFlag(flags, 'key'),
      delay_ms: durationFlag(flags, 'delay'),
      labels: labelsFlag(flags, 'labels'),
    }),
  }
  return async mesh => {
    const answer = await mesh.ask('p2p_taskqueue_submit', input, receiptSchema)
    if (flags.has('json')) return printJson(answer)
    for (const { task_id, state } of answer.tasks) printLine(`${task_id}  ${state}`)
  }
}

function result([task = '']: readonly string[], flags: Flags): Work {
  const wait = durationFlag(flags, 'wait')
  const ended = (state: string) => [...TERMINAL_STATES].some(each => each === state)
  return mesh =>
    printOutcome(mesh, { tool: 'p2p_taskqueue_get_result', input: { task_id: task }, wait, ended })
}

function resubmit(tasks: readonly string[], flags: Flags): Work {
  const input = {
    task_ids: [...tasks],
    ...jsonFlag(flags, 'options'),
    ...given({
      params: flags.has('params') ? jsonFlag(flags, 'params') : undefined,
      priority: integerFlag(flags, 'priority', 1),
    }),
  }
  return async mesh => {
    const answer = await mesh.ask('p2p_taskqueue_resubmit', input, manySchema)
    printMany(
      answer,
      flags.has('json'),
      each => `${each.task_id}  ${each.state}  from ${each.resubmitted_from}`,
    )
  }
}
