/** Workflows that come to be, and what came of them. */
import { z } from 'zod'
import type { JsonObject } from '../../../shared/tools/tool.ts'
import { ENDED_WORKFLOW } from '../../../shared/workflow/workflow.ts'
import type { Action, Work } from '../actions.ts'
import type { Invocation } from '../command.ts'
import { UsageError } from '../errors.ts'
import { durationFlag, given, jsonFlag, labelsFlag, textFlag } from '../flag-values.ts'
import type { MeshClient } from '../mesh-client.ts'
import { printOutcome } from '../outcome.ts'
import { printJson, printLine, printTable } from '../output.ts'
import { readDocument } from './document.ts'

export const SUBMIT_ACTIONS = {
  submit: {
    usage: '<file.json | ->, or --name <name>',
    summary: 'a definition, or one that the node keeps; --dry-run only checks it, --wait gives its result',
    words: [0, 1],
    plan: submit,
  },
  result: {
    usage: '<workflow>',
    summary: 'its output or error; with --wait, when it has ended',
    words: [1, 1],
    plan: result,
  },
} satisfies Record<string, Action>

type Flags = Invocation['flags']

const receiptSchema = z.looseObject({
  workflow_id: z.string().optional(),
  state: z.string().optional(),
  plan: z
    .looseObject({
      name: z.string(),
      steps: z.array(
        z.looseObject({
          id: z.string(),
          kind: z.string(),
          tool: z.string().optional(),
          depends_on: z.array(z.string()),
          after: z.number(),
        }),
      ),
      critical_path: z.array(z.string()),
    })
    .optional(),
})

function submit([path]: readonly string[], flags: Flags): Work {
  const name = textFlag(flags, 'name')
  if ((path === undefined) === (name === undefined))
    throw new UsageError('usage: toolmesh workflows submit <file.json | ->, or --name <name>')
  const kept = given({ name, version: textFlag(flags, 'version') })
  const options = given({
    input: flags.has('input') ? jsonFlag(flags, 'input') : undefined,
    idempotency_key: textFlag(flags, 'key'),
    labels: labelsFlag(flags, 'labels'),
    metadata: flags.has('metadata') ? jsonFlag(flags, 'metadata') : undefined,
    dry_run: flags.has('dry-run') ? true : undefined,
  })
  if (flags.has('wait') && flags.has('dry-run'))
    throw new UsageError('--wait: with --dry-run there is nothing to wait for')
  const wait = durationFlag(flags, 'wait')
  return async mesh => {
    const workflow: JsonObject = path === undefined ? kept : await readDocument(path)
    const answer = await mesh.ask('p2p_workflow_submit', { workflow, ...options }, receiptSchema)
    const { workflow_id, state, plan } = answer
    if (wait !== undefined && workflow_id !== undefined) return outcome(mesh, workflow_id, wait)
    if (flags.has('json')) return printJson(answer)
    if (plan === undefined) return printLine(`${workflow_id}  ${state}`)
    printTable(
      ['step', 'runs', 'after', 'needs'],
      plan.steps.map(({ id, kind, tool, after, depends_on }) => {
        return [id, tool ?? kind, String(after), depends_on.join(', ')]
      }),
    )
    printLine(`critical path: ${plan.critical_path.join(' → ')}`)
  }
}

function result([workflow_id = '']: readonly string[], flags: Flags): Work {
  const wait = durationFlag(flags, 'wait')
  return mesh => outcome(mesh, workflow_id, wait)
}

function outcome(mesh: MeshClient, workflow_id: string, wait: number | undefined): Promise<void> {
  return printOutcome(mesh, { tool: 'p2p_workflow_result', input: { workflow_id }, wait, ended })
}

function ended(state: string): boolean {
  return [...ENDED_WORKFLOW].some(each => each === state)
}
