/** What there is: workflows, one with its steps, its graph. */
import { z } from 'zod'
import type { Action, Work } from '../actions.ts'
import type { Invocation } from '../command.ts'
import { UsageError } from '../errors.ts'
import { given, integerFlag, labelsFlag, listFlag, textFlag } from '../flag-values.ts'
import { printJson, printLine, printTable, write } from '../output.ts'

export const SHOW_ACTIONS = {
  list: { usage: '', summary: 'workflows, newest first', words: [0, 0], plan: list },
  status: {
    usage: '<workflow>',
    summary: 'one with the state of each step; with --step, that one with its input and output',
    words: [1, 1],
    plan: status,
  },
  dag: { usage: '<workflow>', summary: 'its graph, as --format says', words: [1, 1], plan: dag },
} satisfies Record<string, Action>

type Flags = Invocation['flags']

const listSchema = z.looseObject({
  workflows: z.array(
    z.looseObject({
      workflow_id: z.string(),
      name: z.string(),
      state: z.string(),
      created_at: z.string(),
      ended_at: z.string().optional(),
      step_counts: z.record(z.string(), z.number()),
    }),
  ),
  next_cursor: z.string().optional(),
})

function list(_words: readonly string[], flags: Flags): Work {
  const input = given({
    state: listFlag(flags, 'state'),
    name: textFlag(flags, 'name'),
    labels: labelsFlag(flags, 'labels'),
    parent: textFlag(flags, 'parent'),
    order: textFlag(flags, 'order'),
    cursor: textFlag(flags, 'cursor'),
    limit: integerFlag(flags, 'limit', 1),
  })
  return async mesh => {
    const answer = await mesh.ask('p2p_workflow_list', input, listSchema)
    if (flags.has('json')) return printJson(answer)
    printTable(
      ['workflow', 'state', 'name', 'steps', 'created', 'took'],
      answer.workflows.map(({ workflow_id, state, name, created_at, ended_at, step_counts }) => {
        return [workflow_id, state, name, progressOf(step_counts), created_at, took(created_at, ended_at)]
      }),
    )
    if (answer.next_cursor !== undefined) printLine(`more: --cursor ${answer.next_cursor}`)
  }
}

const stepSchema = z.looseObject({
  id: z.string(),
  kind: z.string(),
  tool: z.string().optional(),
  state: z.string(),
  started_at: z.string().optional(),
  ended_at: z.string().optional(),
  reason: z.string().optional(),
  error: z.looseObject({ message: z.string() }).optional(),
  cached: z.boolean().optional(),
  continued: z.boolean().optional(),
  until: z.string().optional(),
  signal: z.string().optional(),
  message: z.string().optional(),
  items: z
    .object({ total: z.number(), running: z.number(), succeeded: z.number(), failed: z.number() })
    .optional(),
})

type Step = z.infer<typeof stepSchema>

const statusSchema = z.looseObject({
  workflow_id: z.string(),
  name: z.string(),
  state: z.string(),
  created_at: z.string(),
  ended_at: z.string().optional(),
  step_counts: z.record(z.string(), z.number()),
  error: z.looseObject({ message: z.string() }).optional(),
  owner: z.looseObject({ state: z.string(), why: z.string() }),
  steps: z.array(stepSchema),
  next_after: z.number().optional(),
})

function status([workflow = '']: readonly string[], flags: Flags): Work {
  const input = given({
    workflow_id: workflow,
    step: textFlag(flags, 'step'),
    item: integerFlag(flags, 'item', 0),
    state: listFlag(flags, 'state'),
    after: integerFlag(flags, 'after', 0),
    limit: integerFlag(flags, 'limit', 1),
  })
  return async mesh => {
    const answer = await mesh.ask('p2p_workflow_status', input, statusSchema)
    if (flags.has('json')) return printJson(answer)
    if (flags.has('step')) return printJson(answer.steps[0])
    const { name, state, step_counts, created_at, ended_at, error, owner, steps, next_after } = answer
    printLine(
      `${workflow}  ${state}  ${name}  steps ${progressOf(step_counts)}  ${took(created_at, ended_at)}`,
    )
    if (error !== undefined) printLine(error.message)
    if (owner.state !== 'ended') printLine(`${owner.state}: ${owner.why}`)
    printTable(
      ['step', 'state', 'runs', 'took', 'note'],
      steps.map(step => [step.id, stateOf(step), step.tool ?? step.kind, tookOf(step), noteOf(step)]),
    )
    if (next_after !== undefined) printLine(`more: --after ${next_after}`)
  }
}

/** What a dag is written in by its own kind of text. */
const DRAWINGS = ['mermaid', 'dot']

const drawingSchema = z.looseObject({ text: z.string() })

function dag([workflow = '']: readonly string[], flags: Flags): Work {
  const format = textFlag(flags, 'format') ?? (flags.has('json') ? 'json' : 'mermaid')
  if (format !== 'json' && !DRAWINGS.includes(format))
    throw new UsageError(`--format: got ${JSON.stringify(format)}, allowed: mermaid, dot or json`)
  const input = { workflow_id: workflow, format }
  return async mesh => {
    const answer = await mesh.call('p2p_workflow_get_dag', input)
    if (format === 'json' || flags.has('json')) return printJson(answer)
    write(`${drawingSchema.parse(answer).text.trimEnd()}\n`)
  }
}

/** `12/20`: those that ended, of all. */
function progressOf(counts: Record<string, number>): string {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const open = ['pending', 'waiting', 'running'].reduce((sum, state) => sum + (counts[state] ?? 0), 0)
  return `${all - open}/${all}`
}

function stateOf({ state, items }: Step): string {
  if (items === undefined) return state
  const { total, succeeded, failed } = items
  return `${state} ${succeeded + failed}/${total}`
}

function tookOf({ started_at, ended_at }: Step): string {
  return started_at === undefined ? '' : took(started_at, ended_at)
}

/** From one time to another, or to now. */
function took(from: string, until: string | undefined): string {
  const ms = Math.max((until === undefined ? Date.now() : Date.parse(until)) - Date.parse(from), 0)
  if (ms < 1_000) return `${ms} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`
  const minutes = Math.floor(ms / 60_000)
  const rest = minutes < 60 ? `${Math.floor((ms % 60_000) / 1_000)} s` : `${minutes % 60} m`
  return minutes < 60 ? `${minutes} m ${rest}` : `${Math.floor(minutes / 60)} h ${rest}`
}

function noteOf({ error, reason, continued, cached, until, signal, message }: Step): string {
  if (error !== undefined) return continued === true ? `went on after: ${error.message}` : error.message
  if (reason !== undefined) return reason
  if (signal !== undefined)
    return `waits for the signal ${signal}${message === undefined ? '' : `: ${message}`}`
  if (until !== undefined) return `waits until ${until}`
  return cached === true ? 'from the cache' : ''
}
