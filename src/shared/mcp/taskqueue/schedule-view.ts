import { z } from 'zod'
import type { Schedule } from '../../queue/schedules/schedule-spec.ts'
import { errorFacts } from '../error-facts.ts'
import { iso, isoTime, time } from '../iso-time.ts'
import { jsonObject } from '../json-object.ts'

/** One schedule as the tools answer it. */
export const scheduleSchema = z.object({
  name: z.string(),
  principal: z.string().describe('Who made it, and in whose name it submits.'),
  cron: z.string(),
  timezone: z.string(),
  task: z.looseObject({ tool: z.string(), params: jsonObject }).exactOptional(),
  workflow: jsonObject.exactOptional().describe('Instead of a task.'),
  overlap: z.enum(['allow', 'skip']),
  missed: z.enum(['skip', 'run_once']),
  enabled: z.boolean(),
  created_at: isoTime,
  next_at: isoTime.exactOptional().describe('Its next tick; absent while it is not enabled.'),
  last: z
    .object({
      at: isoTime,
      task_id: z.string().exactOptional().describe('The task that was submitted for it.'),
      workflow_id: z.string().exactOptional().describe('The workflow that was.'),
      error: errorFacts.exactOptional().describe('Why nothing was.'),
      skipped: z.enum(['overlap', 'missed']).exactOptional().describe('The rule by which nothing was.'),
    })
    .exactOptional()
    .describe('Its latest tick; absent before the first.'),
  last_task_id: z.string().exactOptional().describe('The latest task that it submitted.'),
  last_workflow_id: z.string().exactOptional().describe('The latest workflow that it submitted.'),
  ticks: z.int().describe('Tasks and workflows that it submitted.'),
  skipped: z.int().describe('Ticks for which it submitted nothing, by `overlap` or `missed`.'),
})

export function scheduleView({
  task,
  created_at,
  next_at,
  last,
  ...rest
}: Schedule): z.infer<typeof scheduleSchema> {
  return {
    ...rest,
    ...(task === undefined ? {} : { task: { ...task } }),
    created_at: iso(created_at),
    ...time('next_at', next_at),
    ...(last === undefined ? {} : { last: { ...last, at: iso(last.at) } }),
  }
}
