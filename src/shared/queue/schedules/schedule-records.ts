import { z } from 'zod'
import type { ErrorCode } from '../../errors.ts'
import type { Logger } from '../../logger.ts'
import type { Json, JsonObject } from '../../tools/tool.ts'
import type { QueueStore } from '../store/store.ts'
import type { TaskRequest } from '../task.ts'
import type { KeptSchedule, Progress } from './schedule-entry.ts'
import { isObject, isTaskRequest } from './schedule-spec.ts'

export interface KeptEntry {
  readonly schedule: KeptSchedule
  readonly progress: Progress
}

const SCHEDULE_PREFIX = 'schedule:'
const PROGRESS_KEY = 'schedules'

const ProgressRecord = z.object({
  after: z.number(),
  pending: z.number().exactOptional(),
  ticks: z.number(),
  skipped: z.number(),
  last: z
    .object({
      at: z.number(),
      task_id: z.string().exactOptional(),
      workflow_id: z.string().exactOptional(),
      error: z
        .object({
          code: z.custom<ErrorCode>(code => typeof code === 'string'),
          message: z.string(),
          retryable: z.boolean(),
          field: z.string().exactOptional(),
          value: z.json().exactOptional(),
          allowed: z.string().exactOptional(),
        })
        .exactOptional(),
      skipped: z.enum(['overlap', 'missed']).exactOptional(),
    })
    .exactOptional(),
  last_task_id: z.string().exactOptional(),
  last_workflow_id: z.string().exactOptional(),
})

const ScheduleRecord = z.object({
  schedule: z.object({
    principal: z.string(),
    name: z.string(),
    cron: z.string(),
    timezone: z.string(),
    task: z.custom<TaskRequest>(isTaskRequest).exactOptional(),
    workflow: z.custom<JsonObject>(isObject).exactOptional(),
    overlap: z.enum(['allow', 'skip']),
    missed: z.enum(['skip', 'run_once']),
    enabled: z.boolean(),
    created_at: z.number(),
    set_at: z.number(),
  }),
  progress: ProgressRecord,
})

const ProgressOfAll = z.record(z.string(), ProgressRecord.extend({ set_at: z.number() }))

/** By which a schedule is known. */
export function scheduleKey(principal: string, name: string): string {
  return JSON.stringify([principal, name])
}

/**
 * Schedules in the records of the task store: one for each schedule, written when it is set, and one with the progress of
 * all, so that however many ticks come at once, what became of them is one write.
 */
export class ScheduleRecords {
  readonly #store: Pick<QueueStore, 'records' | 'putRecord'>
  readonly #logger: Logger

  constructor(store: Pick<QueueStore, 'records' | 'putRecord'>, logger: Logger) {
    this.#store = store
    this.#logger = logger
  }

  /** All that are kept. One that cannot be read is left as it is, and told. */
  async load(): Promise<KeptEntry[]> {
    const records = await this.#store.records()
    const all = ProgressOfAll.safeParse(records.find(record => record.key === PROGRESS_KEY)?.value ?? {})
    if (!all.success)
      this.#logger('error', 'the progress of schedules cannot be read', { error: all.error.message })
    return records.flatMap(({ key, value }) => {
      if (!key.startsWith(SCHEDULE_PREFIX)) return []
      const kept = ScheduleRecord.safeParse(value)
      if (!kept.success) {
        this.#logger('error', 'a schedule cannot be read', { key, error: kept.error.message })
        return []
      }
      const { schedule, progress } = kept.data
      const { set_at, ...later } = all.data?.[key.slice(SCHEDULE_PREFIX.length)] ?? {
        set_at: undefined,
        ...progress,
      }
      return [{ schedule, progress: set_at === schedule.set_at ? later : progress }]
    })
  }

  put({ schedule, progress }: KeptEntry): Promise<void> {
    const key = scheduleKey(schedule.principal, schedule.name)
    return this.#store.putRecord(`${SCHEDULE_PREFIX}${key}`, asJson({ schedule, progress }))
  }

  remove(key: string): Promise<void> {
    return this.#store.putRecord(`${SCHEDULE_PREFIX}${key}`, undefined)
  }

  putProgress(entries: Iterable<[key: string, entry: KeptEntry]>): Promise<void> {
    const all: Record<string, unknown> = {}
    for (const [key, { schedule, progress }] of entries) all[key] = { set_at: schedule.set_at, ...progress }
    return this.#store.putRecord(PROGRESS_KEY, asJson(all))
  }
}

/** As it will be read: without what is undefined, and nothing shared with what goes on changing. */
function asJson(value: object): Json {
  return JSON.parse(JSON.stringify(value))
}
