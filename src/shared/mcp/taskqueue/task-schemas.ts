/** Schemas of what the task tools take and answer; `views.ts` says what the fields mean. */
import { z } from 'zod'
import { TASK_STATES } from '../../queue/task.ts'
import { errorFacts } from '../error-facts.ts'
import { jsonObject } from '../json-object.ts'
import type { TaskStatusView, TaskSummaryView } from '../views.ts'

export const taskId = z
  .string()
  .min(1)
  .max(128)
  .describe('Id of the task, as p2p_taskqueue_submit answered it.')
export const taskState = z.enum(TASK_STATES)

const at = z.string().describe('ISO 8601 in UTC.')

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
  created_at: at,
  ended_at: at.exactOptional(),
  attempts: z.int().describe('Attempts so far.'),
  peer_id: z.string().exactOptional().describe('Peer of the latest attempt.'),
  progress: progress.exactOptional(),
  error: errorFacts.exactOptional(),
}) satisfies z.ZodType<TaskSummaryView>

export const taskStatusSchema = z.object({
  task_id: z.string(),
  state: taskState,
  tool: z.string(),
  principal: z.string().describe('Who submitted it.'),
  priority: z.int(),
  requires: z.array(z.string()),
  target: z.string().exactOptional(),
  labels: z.record(z.string(), z.string()),
  metadata: jsonObject,
  created_at: at,
  queued_at: at.exactOptional(),
  run_at: at.exactOptional(),
  deadline: at.exactOptional(),
  ended_at: at.exactOptional(),
  progress: progress.exactOptional(),
  attempts: z.array(
    z.object({
      number: z.int(),
      fence: z.int(),
      peer_id: z.string(),
      state: z.string(),
      started_at: at,
      ended_at: at.exactOptional(),
      error: errorFacts.exactOptional(),
    }),
  ),
  error: errorFacts.exactOptional(),
}) satisfies z.ZodType<TaskStatusView>
