/** Definitions that the node keeps. */
import { z } from 'zod'
import type { Action, Work } from '../actions.ts'
import type { Invocation } from '../command.ts'
import { given, integerFlag, textFlag } from '../flag-values.ts'
import { printJson, printLine, printTable } from '../output.ts'
import { readDocument } from './document.ts'

export const DEFINITION_ACTIONS = {
  define: {
    usage: '<file.json | ->',
    summary: 'keep a definition under its name and a version',
    words: [1, 1],
    plan: define,
  },
  definitions: {
    usage: '[<name>]',
    summary: 'those that are kept; of one name, the whole of it as JSON',
    words: [0, 1],
    plan: definitions,
  },
} satisfies Record<string, Action>

type Flags = Invocation['flags']

const keptSchema = z.looseObject({
  name: z.string(),
  version: z.string(),
  principal: z.string(),
  created_at: z.string(),
})

function define([path = '']: readonly string[], flags: Flags): Work {
  const options = given({ name: textFlag(flags, 'name'), version: textFlag(flags, 'version') })
  return async mesh => {
    const input = { definition: await readDocument(path), ...options }
    const answer = await mesh.ask('p2p_workflow_define', input, keptSchema)
    if (flags.has('json')) return printJson(answer)
    printLine(`${answer.name}  version ${answer.version}`)
  }
}

const listSchema = z.looseObject({ definitions: z.array(keptSchema), next_after: z.unknown().optional() })

function definitions([name]: readonly string[], flags: Flags): Work {
  const version = textFlag(flags, 'version')
  const limit = integerFlag(flags, 'limit', 1)
  return async mesh => {
    if (name !== undefined) {
      const whole = await mesh.call('p2p_workflow_definitions', given({ name, version, whole: true }))
      return printJson(whole)
    }
    const answer = await mesh.ask('p2p_workflow_definitions', given({ limit }), listSchema)
    if (flags.has('json')) return printJson(answer)
    printTable(
      ['name', 'version', 'kept', 'by'],
      answer.definitions.map(({ name, version, created_at, principal }) => [
        name,
        version,
        created_at,
        principal,
      ]),
    )
    if (answer.next_after !== undefined) printLine('there are more: --limit')
  }
}
