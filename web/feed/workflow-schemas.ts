/** What the workflow pages read; `src/shared/mcp/views.ts` says what the fields mean. */
import { z } from 'zod'
import type { StepState, WorkflowState } from '../../src/shared/workflow/workflow.ts'
import { errorView } from './view-schemas.ts'

const count = z.number().int().nonnegative()

export const WORKFLOW_STATES = [
  'running',
  'waiting',
  'succeeded',
  'failed',
  'cancelled',
] as const satisfies readonly WorkflowState[]

/** In the order in which a bar and a legend show them. */
export const STEP_STATES = [
  'succeeded',
  'running',
  'waiting',
  'failed',
  'skipped',
  'cancelled',
  'pending',
] as const satisfies readonly StepState[]

const workflowState = z.enum(WORKFLOW_STATES)
const stepState = z.enum(STEP_STATES)

const stepCounts = z.object({
  pending: count,
  waiting: count,
  running: count,
  succeeded: count,
  failed: count,
  skipped: count,
  cancelled: count,
})
export type StepCounts = z.infer<typeof stepCounts>

const summary = z.object({
  workflow_id: z.string(),
  name: z.string(),
  version: z.string().exactOptional(),
  state: workflowState,
  principal: z.string(),
  labels: z.record(z.string(), z.string()).exactOptional(),
  created_at: z.string(),
  ended_at: z.string().exactOptional(),
  generation: count,
  step_counts: stepCounts,
  failed_steps: count,
  error: errorView.exactOptional(),
  parent: z
    .object({ workflow_id: z.string(), step: z.string(), item: count.exactOptional() })
    .exactOptional(),
})
export type WorkflowRow = z.infer<typeof summary>

/** Answer of `p2p_workflow_list`; counts are told only to who sees all. */
export const workflowListSchema = z.object({
  workflows: z.array(summary),
  next_cursor: z.string().exactOptional(),
  counts: z
    .object({ running: count, waiting: count, succeeded: count, failed: count, cancelled: count })
    .exactOptional(),
})
export type WorkflowList = z.infer<typeof workflowListSchema>

const itemCounts = z.object({
  total: count,
  running: count,
  succeeded: count,
  failed: count,
  cancelled: count,
})
export type ItemCounts = z.infer<typeof itemCounts>

const step = z.object({
  id: z.string(),
  index: count,
  title: z.string().exactOptional(),
  kind: z.enum(['task', 'workflow', 'wait', 'until', 'signal']),
  tool: z.string().exactOptional(),
  state: stepState,
  generation: count,
  depends_on: z.array(z.string()),
  task_id: z.string().exactOptional(),
  workflow_id: z.string().exactOptional(),
  started_at: z.string().exactOptional(),
  ended_at: z.string().exactOptional(),
  reason: z.string().exactOptional(),
  error: errorView.exactOptional(),
  cached: z.boolean().exactOptional(),
  continued: z.boolean().exactOptional(),
  until: z.string().exactOptional(),
  signal: z.string().exactOptional(),
  message: z.string().exactOptional(),
  schema: z.record(z.string(), z.unknown()).exactOptional(),
  items: itemCounts.exactOptional(),
  compensation_task_id: z.string().exactOptional(),
})
export type StepRow = z.infer<typeof step>

const owner = z.object({
  state: z.enum(['owned', 'unowned', 'moving', 'moved', 'ended']),
  engine: z.string().exactOptional(),
  node: z.string().exactOptional(),
  fence: count,
  why: z.string(),
  moved_to: z.string().exactOptional(),
})

/** `mesh://workflows/{id}`: a workflow with its first steps. */
export const workflowSchema = summary.extend({
  labels: z.record(z.string(), z.string()),
  seq: count,
  owner,
  steps: z.array(step),
  next_after: count.exactOptional(),
})
export type WorkflowDetails = z.infer<typeof workflowSchema>

/** Answer of `p2p_workflow_status`: a page of steps. */
export const stepPageSchema = z.object({ steps: z.array(step), next_after: count.exactOptional() })
export type StepPage = z.infer<typeof stepPageSchema>

const item = z.object({
  item: count,
  state: z.enum(['pending', 'running', 'succeeded', 'failed', 'cancelled']),
  task_id: z.string().exactOptional(),
  workflow_id: z.string().exactOptional(),
  cached: z.boolean().exactOptional(),
  error: errorView.exactOptional(),
})
export type ItemRow = z.infer<typeof item>

/** Answer of `p2p_workflow_status` for one step, or one item of it. */
export const stepDetailsSchema = z.object({
  steps: z.tuple([step.extend({ input: z.unknown().exactOptional(), output: z.unknown().exactOptional() })]),
  items: z.array(item).exactOptional(),
  next_after: count.exactOptional(),
})
export type StepDetails = z.infer<typeof stepDetailsSchema>['steps'][0]

/** One entry of `mesh://workflow-events/{id}/{after}`; kinds that a newer node has are read too. */
const event = z.looseObject({ seq: count, at: z.string(), kind: z.string() })
export type EventRow = z.infer<typeof event>

export const workflowEventsSchema = z.object({ events: z.array(event), next: count, last: count })

/** Answer of `p2p_workflow_submit`. */
export const submittedSchema = z.object({ workflow_id: z.string() })

/** Answer of `p2p_workflow_reschedule`. */
export const rescheduledSchema = z.object({ generation: count, steps: z.array(z.string()) })

/** Answer of `p2p_workflow_result`, as far as the page shows it. */
export const resultSchema = z.object({ result: z.unknown().exactOptional() })
