import { z } from 'zod'
import { requireRole } from '../../authority/roles.ts'
import { InvalidInputError } from '../../errors.ts'
import type { ScheduleSpec } from '../../queue/schedules/schedule-spec.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import { jsonObject } from '../json-object.ts'
import type { SurfaceTool } from '../surface.ts'
import { scheduleSchema, scheduleView } from './schedule-view.ts'
import type { SchedulesPort } from './schedules-port.ts'
import { repeatedTask } from './task-options.ts'

const spec = {
  name: z.string().min(1).max(128).describe('Its name among your schedules.'),
  cron: z
    .string()
    .min(1)
    .max(256)
    .exactOptional()
    .describe(
      'Minute, hour, day of the month, month, day of the week, as `*/5 * * * *` or `0 9 * * 1-5`; six fields begin with seconds; or @hourly, @daily, @weekly, @monthly, @yearly.',
    ),
  timezone: z
    .string()
    .min(1)
    .max(64)
    .exactOptional()
    .describe('IANA name, as Europe/Berlin, by which the cron expression is read; UTC unless given.'),
  task: repeatedTask
    .exactOptional()
    .describe('What is submitted at each tick, as p2p_taskqueue_submit takes it.'),
  workflow: jsonObject
    .exactOptional()
    .describe(
      'Instead of `task`: {name, version?, input?} of a kept definition, or a definition, as p2p_workflow_submit takes it.',
    ),
  overlap: z
    .enum(['allow', 'skip'])
    .exactOptional()
    .describe(
      'At a tick while what the one before submitted has not ended: submit another (allow, unless given) or none.',
    ),
  missed: z
    .enum(['run_once', 'skip'])
    .exactOptional()
    .describe(
      'Ticks that passed while the node did not run: one for the latest of them (run_once, unless given) or none (skip).',
    ),
  enabled: z.boolean().exactOptional().describe('false keeps it without ticks.'),
}

export function scheduleTool(schedules: Pick<SchedulesPort, 'set' | 'remove'>): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_taskqueue_schedule',
    category: 'p2p_taskqueue',
    title: 'Schedule a task or a workflow',
    description:
      'Submits a task or a workflow over and over by a cron expression, over restarts too and never twice for one tick: {name, cron, task} or {name, cron, workflow}. The same name again replaces the schedule; {name, remove: true} ends it. What it has submitted stays.',
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true },
    input: z.strictObject({
      ...spec,
      remove: z.literal(true).exactOptional().describe('Ends the schedule of this name.'),
      principal: z
        .string()
        .min(1)
        .max(128)
        .exactOptional()
        .describe('Whose schedule, for an admin; your own unless given.'),
    }),
    output: z
      .object({
        schedule: scheduleSchema.exactOptional().describe('As it is kept now.'),
        removed: z.string().exactOptional().describe('Name of the one that was ended.'),
      })
      .meta({ anyOf: [{ required: ['schedule'] }, { required: ['removed'] }] }),
    async run({ remove, principal: whose, ...given }, { principal }) {
      const owner = whose ?? principal.id
      if (owner !== principal.id) requireRole(principal, 'admin', 'the schedule of another principal')
      if (remove === undefined) return { schedule: scheduleView(await schedules.set(owner, specOf(given))) }
      const { name, ...others } = given
      const extra = Object.keys(others)[0]
      if (extra !== undefined) throw new InvalidInputError(`/${extra}`, given, 'only `name` beside `remove`')
      await schedules.remove(owner, name)
      return { removed: name }
    },
  })
}

function specOf({ cron, ...rest }: z.output<z.ZodObject<typeof spec>>): ScheduleSpec {
  if (cron === undefined)
    throw new InvalidInputError('/cron', undefined, 'a cron expression, as `*/5 * * * *`')
  return { cron, ...rest }
}
