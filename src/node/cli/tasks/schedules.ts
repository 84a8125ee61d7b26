/** Tasks that are submitted over and over. */
import { z } from 'zod'
import type { Action, Work } from '../actions.ts'
import type { Invocation } from '../command.ts'
import { UsageError } from '../errors.ts'
import { given, integerFlag, jsonFlag, jsonObject, textFlag } from '../flag-values.ts'
import { printJson, printLine, printTable } from '../output.ts'

const USAGE = "<name> '<cron>' <tool> [json], or <name> '<cron>' --workflow <name>, or <name> --remove"

export const SCHEDULE_ACTIONS = {
  schedule: {
    usage: USAGE,
    summary: 'submit a task, or a kept workflow, at each tick of a cron expression',
    words: [1, 4],
    plan: schedule,
  },
  schedules: {
    usage: '',
    summary: 'all of them, with their last and next ticks',
    words: [0, 0],
    plan: schedules,
  },
} satisfies Record<string, Action>

type Flags = Invocation['flags']

const scheduleSchema = z.looseObject({
  name: z.string(),
  cron: z.string(),
  timezone: z.string(),
  task: z.looseObject({ tool: z.string() }).optional(),
  workflow: z.looseObject({ name: z.string().optional() }).optional(),
  next_at: z.string().optional(),
  last: z.looseObject({ at: z.string() }).optional(),
  last_task_id: z.string().optional(),
  last_workflow_id: z.string().optional(),
})

const keptSchema = z.looseObject({ schedule: scheduleSchema.optional(), removed: z.string().optional() })

function schedule([name = '', cron, tool, json = '{}']: readonly string[], flags: Flags): Work {
  const remove = flags.has('remove')
  const runs = (tool !== undefined) !== flags.has('workflow')
  if (remove ? cron !== undefined : cron === undefined || !runs)
    throw new UsageError(`usage: toolmesh tasks schedule ${USAGE}`)
  const input = remove ? { name, remove } : { name, ...kept(cron, tool, json, flags) }
  return async mesh => {
    const answer = await mesh.ask('p2p_taskqueue_schedule', input, keptSchema)
    if (flags.has('json')) return printJson(answer)
    if (answer.schedule === undefined) return printLine(`removed ${name}`)
    const { next_at } = answer.schedule
    printLine(next_at === undefined ? `${name} is kept, without ticks` : `${name} runs next at ${next_at}`)
  }
}

function kept(cron: string | undefined, tool: string | undefined, json: string, flags: Flags) {
  return given({
    cron,
    ...(tool === undefined ? { workflow: keptWorkflow(flags) } : { task: task(tool, json, flags) }),
    timezone: textFlag(flags, 'timezone'),
    overlap: textFlag(flags, 'overlap'),
    missed: textFlag(flags, 'missed'),
    enabled: flags.has('disabled') ? false : undefined,
  })
}

function task(tool: string, json: string, flags: Flags) {
  return given({
    tool,
    params: jsonObject(json, `the input of ${tool}`),
    ...jsonFlag(flags, 'options'),
    priority: integerFlag(flags, 'priority', 1),
  })
}

/** A definition that the node keeps, as `digest` or `digest@2`. */
function keptWorkflow(flags: Flags) {
  const [name = '', version] = (textFlag(flags, 'workflow') ?? '').split('@')
  return given({ name, version, input: flags.has('input') ? jsonFlag(flags, 'input') : undefined })
}

const listSchema = z.looseObject({ schedules: z.array(scheduleSchema) })

function schedules(_words: readonly string[], flags: Flags): Work {
  return async mesh => {
    const answer = await mesh.ask('p2p_taskqueue_schedules', {}, listSchema)
    if (flags.has('json')) return printJson(answer)
    printTable(
      ['name', 'cron', 'zone', 'runs', 'next', 'last', 'latest'],
      answer.schedules.map(({ name, cron, timezone, task, workflow, ...ticks }) => {
        const { next_at = '', last, last_task_id, last_workflow_id } = ticks
        const runs = task?.tool ?? `workflow ${workflow?.name}`
        const latest = (task === undefined ? last_workflow_id : last_task_id) ?? ''
        return [name, cron, timezone, runs, next_at, last?.at ?? '', latest]
      }),
    )
  }
}
