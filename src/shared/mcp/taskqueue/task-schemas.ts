/** Schemas of what the task tools take and answer; `views.ts` says what the fields mean. */
import { z } from 'zod'
import { TASK_STATES } from '../../queue/task.ts'
import { errorFacts } from '../error-facts.ts'
import { isoTime as at } from '../iso-time.ts'
import { jsonObject, jsonValue } from '../json-object.ts'
import type { TaskStatusView, TaskSummaryView } from '../views.ts'

export const taskId = z
  .string()
  .min(1)
  .max(128)
  .describe('Id of the task, as p2p_taskqueue_submit answered it.')
export const taskState = z.enum(TASK_STATES)

const progress = z.object({
  done: z.number(),
  total: z.number().exactOptional(),
  message: z.string().exactOptional(),
})

export const taskSummarySchema = z.object({
  task_id: z.string(),
  state: taskState,
  tool: z.string(),
  priority: z.int(),
  labels: z.record(z.string(), z.string()).exactOptional(),
  created_at: at,
  run_at: at.exactOptional().describe('When a scheduled task, or the next try, may start.'),
  ended_at: at.exactOptional(),
  attempts: z.int().describe('Attempts so far.'),
  peer_id: z.string().exactOptional().describe('Peer of the latest attempt.'),
  progress: progress.exactOptional(),
  error: errorFacts.exactOptional(),
}) satisfies z.ZodType<TaskSummaryView>

const logLine = z.object({
  at,
  level: z.enum(['debug', 'info', 'warning', 'error']),
  message: z.string(),
  data: jsonValue.exactOptional(),
})

const attempt = z.object({
  number: z.int(),
  fence: z.int().describe('Grows with each lease; an outcome with an older one is refused.'),
  peer_id: z.string(),
  state: z
    .enum(['running', 'succeeded', 'failed', 'lost', 'released', 'cancelled', 'timed_out'])
    .describe('How it ended. lost: its worker went away; released: given back before it counted.'),
  started_at: at,
  ended_at: at.exactOptional(),
  error: errorFacts.exactOptional(),
  logs: z
    .array(logLine)
    .exactOptional()
    .describe('Its last log lines, oldest first; of many attempts only the newest have them.'),
})

const key = { key: z.string(), limit: z.int() }

export const taskStatusSchema = z.object({
  task_id: z.string(),
  state: taskState,
  waiting_for: z
    .string()
    .exactOptional()
    .describe('What a queued task waits for, when more than a free worker.'),
  tool: z.string(),
  principal: z.string().describe('Who submitted it.'),
  priority: z.int(),
  requires: z.array(z.string()),
  target: z.string().exactOptional(),
  any_build: z.boolean(),
  idempotency_key: z.string().exactOptional(),
  resubmitted_from: z.string().exactOptional().describe('The ended task that it repeats.'),
  labels: z.record(z.string(), z.string()),
  metadata: jsonObject,
  created_at: at,
  queued_at: at.exactOptional(),
  run_at: at.exactOptional().describe('When a scheduled task, or the next try, may start.'),
  queue_timeout_ms: z.number().exactOptional(),
  attempt_timeout_ms: z.number(),
  deadline: at.exactOptional(),
  retry: z.object({
    max_attempts: z.int(),
    base_delay_ms: z.number(),
    max_delay_ms: z.number(),
    always: z.boolean(),
  }),
  concurrency: z.object(key).exactOptional(),
  rate: z.object({ ...key, per_ms: z.number() }).exactOptional(),
  ended_at: at.exactOptional(),
  progress: progress.exactOptional(),
  attempts: z.array(attempt).describe('Oldest first.'),
  error: errorFacts.exactOptional(),
}) satisfies z.ZodType<TaskStatusView>
