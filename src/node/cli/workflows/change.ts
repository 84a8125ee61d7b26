/** Changes of a workflow: its end, signals, steps that run again, and who drives it. */
import { z } from 'zod'
import type { Json, JsonObject } from '../../../shared/tools/tool.ts'
import type { Action, Work } from '../actions.ts'
import type { Invocation } from '../command.ts'
import { UsageError } from '../errors.ts'
import { given, jsonFlag, listFlag, textFlag } from '../flag-values.ts'
import { printJson, printLine } from '../output.ts'

export const CHANGE_ACTIONS = {
  cancel: { usage: '<workflow>', summary: 'one that has not ended', words: [1, 1], plan: cancel },
  signal: {
    usage: '<workflow> <signal> [json]',
    summary: 'what a step waits for; the JSON is its output',
    words: [2, 3],
    plan: signal,
  },
  reschedule: {
    usage: '<workflow>',
    summary: 'failed steps again and what follows on them; or --steps, or --from a step',
    words: [1, 1],
    plan: reschedule,
  },
  coordinate: {
    usage: '<workflow>',
    summary: 'the node that drives it, and why; with --to it is handed to another',
    words: [1, 1],
    plan: coordinate,
  },
} satisfies Record<string, Action>

type Flags = Invocation['flags']

function cancel([workflow = '']: readonly string[], flags: Flags): Work {
  const input = given({ workflow_id: workflow, reason: textFlag(flags, 'reason') })
  return change('p2p_workflow_cancel', input, flags, ({ state }) => {
    return `${workflow}  ${state === 'cancelled' ? state : `${state}, will be cancelled`}`
  })
}

function signal([workflow = '', name = '', json]: readonly string[], flags: Flags): Work {
  const input = given({ workflow_id: workflow, signal: name, payload: payloadOf(json) })
  return change('p2p_workflow_signal', input, flags, () => `${workflow}  has the signal ${name}`)
}

function payloadOf(json: string | undefined): Json | undefined {
  if (json === undefined) return undefined
  try {
    return JSON.parse(json)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(`the payload: is not JSON: ${reason}`, 'a JSON value')
  }
}

function reschedule([workflow = '']: readonly string[], flags: Flags): Work {
  const input = given({
    workflow_id: workflow,
    steps: listFlag(flags, 'steps'),
    from: textFlag(flags, 'from'),
    input: flags.has('input') ? jsonFlag(flags, 'input') : undefined,
  })
  return change('p2p_workflow_reschedule', input, flags, ({ state, generation, steps = [] }) => {
    return `${workflow}  ${state}  generation ${generation}: ${steps.join(', ')}`
  })
}

function coordinate([workflow = '']: readonly string[], flags: Flags): Work {
  const to = textFlag(flags, 'to')
  const input = given({ workflow_id: workflow, to })
  return change('p2p_workflow_coordinate', input, flags, ({ state, node, moved_to, fence, why }) => {
    const where = moved_to ?? node
    if (to !== undefined && moved_to !== to)
      return `${workflow}  is asked to move to ${to}: toolmesh workflows events ${workflow} tells when it has, or why not`
    return `${workflow}  ${state}${where === undefined ? '' : ` by ${where}`}  fence ${fence}: ${why}`
  })
}

const changedSchema = z.looseObject({
  state: z.string(),
  generation: z.number().optional(),
  steps: z.array(z.string()).optional(),
  node: z.string().optional(),
  moved_to: z.string().optional(),
  fence: z.number().optional(),
  why: z.string().optional(),
})

function change(
  tool: string,
  input: JsonObject,
  flags: Flags,
  line: (answer: z.infer<typeof changedSchema>) => string,
): Work {
  return async mesh => {
    const answer = await mesh.ask(tool, input, changedSchema)
    if (flags.has('json')) return printJson(answer)
    printLine(line(answer))
  }
}
