import { z } from 'zod'
import { type ErrorFacts, InvalidInputError } from '../../errors.ts'
import { allowedByZod } from '../../tools/allowed-by-zod.ts'
import type { JsonObject } from '../../tools/tool.ts'
import { utf8Length } from '../dispatch/reported-outcome.ts'
import { shallowJson, wellFormed } from '../requests/task-options.ts'
import type { TaskRequest } from '../task.ts'

/** Bytes of a schedule as JSON: all schedules are held in memory. A large input belongs where the tool can fetch it. */
const SCHEDULE_BYTES = 64 * 1024
/** What would fit one tick alone; the label is the schedule's own. */
const ONE_TIME_FIELDS = ['idempotency_key', 'deadline', 'start_at', 'resubmitted_from'] as const

/** When to submit which task or workflow, over and over. */
export interface ScheduleSpec {
  /** 1 to 128 characters, one of its kind among the principal's. */
  name: string
  /** Five or six fields, or @hourly and the like: see `CronTimes`. */
  cron: string
  /** IANA name, default UTC. */
  timezone?: string
  /** Validated as a submit would; without what fits one tick alone (`idempotency_key`, `deadline`, `start_at`). */
  task?: TaskRequest
  /** Instead of `task`: a definition, or `{name, version?}` of a kept one; its input in it as `input`. */
  workflow?: JsonObject
  /** At a tick while what the last one submitted has not ended: another one (`allow`, the default) or none. */
  overlap?: 'allow' | 'skip'
  /** After ticks that nobody was there for: one for the latest of them (`run_once`, the default) or none. */
  missed?: 'skip' | 'run_once'
  /** Default true. */
  enabled?: boolean
}

/** What became of a tick. */
export interface LastTick {
  /** Its time, epoch milliseconds. */
  at: number
  task_id?: string
  workflow_id?: string
  /** Why nothing was submitted. */
  error?: ErrorFacts
  /** By which rule nothing was. */
  skipped?: 'overlap' | 'missed'
}

/** A spec with its defaults: of `task` and `workflow` one is there. */
export type WholeSpec = Required<Omit<ScheduleSpec, 'task' | 'workflow'>> &
  Pick<ScheduleSpec, 'task' | 'workflow'>

/** A schedule as it is kept, times in epoch milliseconds. */
export interface Schedule extends WholeSpec {
  principal: string
  created_at: number
  /** Absent while it is not enabled. */
  next_at?: number
  last?: LastTick
  /** The latest task that it submitted. */
  last_task_id?: string
  /** The latest workflow that it submitted. */
  last_workflow_id?: string
  /** Tasks and workflows that it submitted. */
  ticks: number
  /** Ticks for which it submitted none, by `overlap` or `missed`; of those missed in a row only the latest counts. */
  skipped: number
}

const Spec = z.strictObject({
  name: wellFormed.min(1).max(128),
  cron: z.string().min(1).max(256),
  timezone: z.string().min(1).max(64).default('UTC'),
  // What a task may be is for the queue to say.
  task: z.custom<TaskRequest>(isTaskRequest, { error: 'a task: {tool, params, …}' }).exactOptional(),
  // And this for those who run workflows.
  workflow: z
    .custom<JsonObject>(isObject, { error: 'a workflow: {name, steps, …}, or {name} of a kept one' })
    .exactOptional(),
  overlap: z.enum(['allow', 'skip']).default('allow'),
  missed: z.enum(['skip', 'run_once']).default('run_once'),
  enabled: z.boolean().default(true),
})

/** With its defaults. Throws `invalid_input`; what only the cron expression, the zone or the queue can tell is left. */
export function parseScheduleSpec(given: ScheduleSpec): WholeSpec {
  const parsed = Spec.safeParse(given, { error: allowedByZod })
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const field = issue?.code === 'unrecognized_keys' ? issue.keys[0] : issue?.path[0]
    const name = String(field ?? '')
    throw new InvalidInputError(`/${name}`, Reflect.get(given, name), issue?.message ?? 'a schedule')
  }
  const spec = parsed.data
  if (spec.task === undefined && spec.workflow === undefined)
    throw new InvalidInputError('/task', undefined, 'a task: {tool, params, …}, or a `workflow`')
  if (spec.task !== undefined && spec.workflow !== undefined)
    throw new InvalidInputError('/workflow', spec.workflow, 'either `task` or `workflow`')
  if (spec.task !== undefined) ensureRepeatable(spec.task)
  const field = spec.task === undefined ? '/workflow' : '/task'
  const bytes = utf8Length(shallowJson(field, spec))
  if (bytes > SCHEDULE_BYTES) {
    throw new InvalidInputError(field, `${bytes} bytes of JSON`, `at most ${SCHEDULE_BYTES} bytes of JSON`)
  }
  return spec
}

function ensureRepeatable(task: TaskRequest): void {
  for (const field of ONE_TIME_FIELDS) {
    const value: unknown = Reflect.get(task, field)
    if (value !== undefined) {
      throw new InvalidInputError(`/task/${field}`, value, `none, as it fits one tick alone`)
    }
  }
  const label = task.labels?.schedule
  if (label !== undefined) throw new InvalidInputError('/task/labels/schedule', label, 'none, it is the name')
}

/** A workflow as a schedule submits it. */
export interface ScheduledWorkflow {
  workflow: JsonObject
  labels: Record<string, string>
}

/** What a schedule submits at each tick, labelled with its name. */
export function workOf({
  name,
  task,
  workflow,
}: Pick<Schedule, 'name' | 'task' | 'workflow'>): { task: TaskRequest } | { workflow: ScheduledWorkflow } {
  if (task !== undefined) return { task: { ...task, labels: { ...task.labels, schedule: name } } }
  return { workflow: { workflow: workflow ?? {}, labels: { schedule: name } } }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isTaskRequest(value: unknown): value is TaskRequest {
  return (
    typeof value === 'object' &&
    value !== null &&
    'tool' in value &&
    typeof value.tool === 'string' &&
    'params' in value &&
    typeof value.params === 'object' &&
    value.params !== null
  )
}
