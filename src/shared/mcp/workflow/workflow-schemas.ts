/** Schemas of what the workflow tools take and answer; `views.ts` says what the fields mean. */
import { z } from 'zod'
import { STEP_STATES, WORKFLOW_STATES } from '../../workflow/workflow.ts'
import { errorFacts } from '../error-facts.ts'
import { isoTime as at } from '../iso-time.ts'
import { jsonObject, jsonValue } from '../json-object.ts'
import type {
  DagView,
  ItemView,
  StepDetailView,
  StepView,
  WaitingStepView,
  WorkflowSummaryView,
  WorkflowView,
} from '../views.ts'

export const workflowId = z
  .string()
  .min(1)
  .max(128)
  .describe('Id of the workflow, as p2p_workflow_submit answered it.')
export const workflowState = z.enum(WORKFLOW_STATES)
export const stepState = z.enum(STEP_STATES)
export const stepId = z.string().min(1).max(64).describe('Id of a step of the workflow.')

export const stepKind = z
  .enum(['task', 'workflow', 'wait', 'until', 'signal'])
  .describe(
    'task: a tool; workflow: a child; or what it waits for: wait (milliseconds), until (a time), signal.',
  )
const counts = z.record(stepState, z.int()).describe('How many steps are in each state.')

const summary = {
  workflow_id: z.string(),
  name: z.string(),
  version: z.string().exactOptional().describe('Of the stored definition that it was started by.'),
  state: workflowState,
  principal: z.string().describe('Who submitted it.'),
  created_at: at,
  changed_at: at,
  ended_at: at.exactOptional(),
  generation: z.int().describe('Grows with each reschedule, from 1.'),
  step_counts: counts,
  failed_steps: z.int().describe('Failed steps that did not fail it.'),
  error: errorFacts.exactOptional(),
  parent: z
    .object({
      workflow_id: z.string(),
      step: z.string(),
      item: z.int().exactOptional(),
      generation: z.int(),
    })
    .exactOptional()
    .describe('The step of another workflow that it is.'),
}

export const workflowSummarySchema = z.object({
  ...summary,
  labels: z.record(z.string(), z.string()).exactOptional(),
}) satisfies z.ZodType<WorkflowSummaryView>

const waits = {
  until: at.exactOptional(),
  signal: z.string().exactOptional().describe('Give it with p2p_workflow_signal.'),
  message: z.string().exactOptional().describe('What its sender is asked.'),
  schema: jsonObject.exactOptional().describe('How its payload must be.'),
}

export const waitingStepSchema = z.object({
  step: z.string(),
  ...waits,
}) satisfies z.ZodType<WaitingStepView>

const itemCounts = z.object({
  total: z.int(),
  running: z.int(),
  succeeded: z.int(),
  failed: z.int(),
  cancelled: z.int(),
})

const stepSchema = z.object({
  id: z.string(),
  index: z.int().describe('Its place in the definition, from 0.'),
  title: z.string().exactOptional(),
  kind: stepKind,
  tool: z.string().exactOptional(),
  state: stepState,
  generation: z.int(),
  depends_on: z.array(z.string()).describe('Steps that have to end first.'),
  task_id: z.string().exactOptional().describe('Its attempts: p2p_taskqueue_task_status.'),
  workflow_id: z.string().exactOptional().describe('The child.'),
  started_at: at.exactOptional(),
  ended_at: at.exactOptional(),
  reason: z.string().exactOptional().describe('Why it was skipped or cancelled.'),
  error: errorFacts.exactOptional(),
  cached: z.boolean().exactOptional().describe('Its result was taken from the cache; no task ran.'),
  continued: z.boolean().exactOptional().describe('It failed and went on with another value.'),
  ...waits,
  items: itemCounts
    .exactOptional()
    .describe('Of a for_each that has started; those that are none of these have not.'),
  compensation_task_id: z.string().exactOptional(),
}) satisfies z.ZodType<StepView>

const stepDetailSchema = stepSchema.extend({
  input: jsonValue
    .exactOptional()
    .describe(
      "Of the step that was asked for: the task's params, the child's input, or the list of a for_each.",
    ),
  output: jsonValue.exactOptional(),
}) satisfies z.ZodType<StepDetailView>

export const itemState = z.enum(['pending', 'running', 'succeeded', 'failed', 'cancelled'])

export const itemSchema = z.object({
  item: z.int().describe('Its place in the list, from 0.'),
  state: itemState,
  task_id: z.string().exactOptional(),
  workflow_id: z.string().exactOptional(),
  cached: z.boolean().exactOptional(),
  error: errorFacts.exactOptional(),
}) satisfies z.ZodType<ItemView>

export const ownerSchema = z.object({
  state: z
    .enum(['owned', 'unowned', 'moving', 'moved', 'ended'])
    .describe(
      'moving: it is being handed to a node of another store; moved: that node has it; ended: nobody needs to.',
    ),
  engine: z.string().exactOptional().describe('Of this run of its node.'),
  node: z.string().exactOptional().describe('Peer id.'),
  fence: z.int().describe('Grows with each change of owner; what carries an older one is refused.'),
  why: z.string(),
  moved_to: z.string().exactOptional().describe('Peer id.'),
}) satisfies z.ZodType<WorkflowView['owner']>

export const workflowSchema = z.object({
  ...summary,
  labels: z.record(z.string(), z.string()),
  metadata: jsonObject,
  idempotency_key: z.string().exactOptional(),
  definition_cid: z.string(),
  root_id: z.string().describe('The outermost workflow of its family.'),
  seq: z.int().describe('Of its latest event.'),
  owner: ownerSchema,
  steps: z.array(stepDetailSchema).describe('In the order of the definition.'),
  next_after: z.int().exactOptional().describe('There are more steps: ask again with this `after`.'),
}) satisfies z.ZodType<WorkflowView>

export const dagSchema = z.object({
  workflow_id: z.string(),
  name: z.string(),
  state: workflowState,
  nodes: z.array(
    z.object({
      id: z.string(),
      title: z.string().exactOptional(),
      kind: stepKind,
      tool: z.string().exactOptional(),
      state: stepState,
      critical: z.boolean().describe('On the critical path.'),
      started_at: at.exactOptional(),
      ended_at: at.exactOptional(),
      duration_ms: z.number().exactOptional().describe('From its start to its end, or to now while it runs.'),
      items: itemCounts.exactOptional(),
    }),
  ),
  edges: z.array(z.object({ from: z.string(), to: z.string(), critical: z.boolean() })),
  critical_path: z.object({
    steps: z.array(z.string()),
    duration_ms: z.number().describe('That the steps on it took so far.'),
  }),
  left_out: z.int().describe('Steps that are not among the nodes.'),
}) satisfies z.ZodType<DagView>
