/** The queue as a whole: pauses, and the end of the node. */
import { z } from 'zod'
import type { Action, Work } from '../actions.ts'
import type { Invocation } from '../command.ts'
import { durationFlag, given, textFlag } from '../flag-values.ts'
import { printJson, printLine, printTable } from '../output.ts'

export const NODE_ACTIONS = {
  pause: {
    usage: '',
    summary: 'start no more tasks: of --tool, of --category, or any',
    words: [0, 0],
    plan: pauses('p2p_taskqueue_pause'),
  },
  resume: {
    usage: '',
    summary: 'take such a pause back',
    words: [0, 0],
    plan: pauses('p2p_taskqueue_resume'),
  },
  drain: {
    usage: '',
    summary: 'end the node in order: what runs may end within --wait',
    words: [0, 0],
    plan: drain,
  },
} satisfies Record<string, Action>

type Flags = Invocation['flags']

const pausesSchema = z.looseObject({
  pauses: z.array(
    z.object({ tool: z.string().optional(), category: z.string().optional(), since: z.string() }),
  ),
})

function pauses(name: string): Action['plan'] {
  return (_words, flags) => {
    const input = given({ tool: textFlag(flags, 'tool'), category: textFlag(flags, 'category') })
    return async mesh => {
      const answer = await mesh.ask(name, input, pausesSchema)
      if (flags.has('json')) return printJson(answer)
      if (answer.pauses.length === 0) return printLine('nothing is paused')
      printTable(
        ['paused', 'since'],
        answer.pauses.map(({ tool, category, since }) => [
          tool ?? (category === undefined ? 'everything' : `category ${category}`),
          since,
        ]),
      )
    }
  }
}

const drainSchema = z.looseObject({ running: z.number(), wait_ms: z.number() })

function drain(_words: readonly string[], flags: Flags): Work {
  const input = given({ wait_ms: durationFlag(flags, 'wait'), reason: textFlag(flags, 'reason') })
  return async mesh => {
    const answer = await mesh.ask('p2p_taskqueue_shutdown', input, drainSchema)
    if (flags.has('json')) return printJson(answer)
    printLine(`the node ends; ${answer.running} attempts have ${answer.wait_ms / 1000} s to end`)
  }
}
