import { z } from 'zod'
import { InvalidInputError } from '../../errors.ts'
import { parseOptions, taskOptions } from '../../queue/requests/task-options.ts'
import type { JsonObject, JsonSchema } from '../../tools/tool.ts'
import { DEFINITION_SCHEMA } from '../../workflow/definition/parse.ts'
import type { WorkflowSubmission } from '../../workflow/status.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import { isJsonObject, jsonObject, jsonValue } from '../json-object.ts'
import type { SurfaceTool } from '../surface.ts'
import { stepKind, workflowState } from './workflow-schemas.ts'
import type { WorkflowsPort } from './workflows-port.ts'

const input = { input: { description: 'The input, as its input_schema says; {} unless given.' } }

const kept = {
  type: 'object',
  properties: {
    name: { type: 'string', description: 'Of the kept definition.' },
    version: { type: 'string', description: 'The latest unless given.' },
    ...input,
  },
  required: ['name'],
  additionalProperties: false,
}

function propertiesOf({ properties }: JsonSchema): JsonObject {
  return isJsonObject(properties) ? properties : {}
}

const submission = {
  workflow: jsonObject.meta({
    description:
      'A definition with its steps, or {name, version?} of one that p2p_workflow_define keeps. Its input may stand in it as `input`.',
    anyOf: [{ ...DEFINITION_SCHEMA, properties: { ...propertiesOf(DEFINITION_SCHEMA), ...input } }, kept],
  }),
  input: jsonValue.exactOptional().describe('The input, as its input_schema says; {} unless given.'),
  labels: taskOptions.labels.describe('Your own labels, to find workflows by: at most 32.'),
  metadata: jsonObject.exactOptional().describe('Your own data, shown with the workflow: at most 16 KiB.'),
}

export function submitTool(workflows: Pick<WorkflowsPort, 'submit' | 'check'>): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_workflow_submit',
    category: 'p2p_workflow',
    title: 'Submit a workflow',
    description:
      'Runs tools that build on each other: stores a graph (DAG) of tool calls durably and answers with its id at once; each step starts the moment that what it needs is there, in parallel with others, on any peer that can run it. {"workflow": {"name": "digest", "steps": [{"id": "fetch", "tool": "…", "params": {…}}, {"id": "sum", "tool": "…", "params": {"text": {"$from": "fetch", "path": "/text"}}}]}}. A step may fan out over a list (`for_each`), have a condition (`when`), go on with a default after an error (`on_error`), be another workflow, or wait for a time, a signal or the approval of a person (`wait`). What is wrong with it is told all at once in `faults`; dry_run answers with the plan and keeps nothing. Its outcome: p2p_workflow_result.',
    annotations: { readOnlyHint: false, destructiveHint: false },
    input: z.strictObject({
      ...submission,
      idempotency_key: taskOptions.idempotency_key.describe(
        'The same key and request again is the same workflow.',
      ),
      dry_run: z.boolean().default(false).describe('Only check it, and answer with the plan.'),
    }),
    output: z
      .object({
        workflow_id: z.string().exactOptional(),
        state: workflowState.exactOptional(),
        deduplicated: z.boolean().exactOptional().describe('An earlier one has this idempotency key.'),
        plan: planSchema.exactOptional().describe('In answer to dry_run.'),
      })
      .meta({ anyOf: [{ required: ['workflow_id', 'state', 'deduplicated'] }, { required: ['plan'] }] }),
    async run({ dry_run, ...given }, { principal }) {
      const request = submissionOf(given)
      if (dry_run) return { plan: await workflows.check(request) }
      return { ...(await workflows.submit(principal.id, request)) }
    },
  })
}

const planSchema = z.object({
  name: z.string(),
  definition_cid: z.string(),
  steps: z
    .array(
      z.object({
        id: z.string(),
        kind: stepKind,
        tool: z.string().exactOptional(),
        depends_on: z.array(z.string()).describe('Steps that have to end first.'),
        after: z.int().describe('Steps of the longest chain before it.'),
      }),
    )
    .describe('In the order of the definition.'),
  critical_path: z.array(z.string()).describe('Steps along the longest chain.'),
  order: z.array(z.string()).describe('Each behind what it depends on.'),
})

const optionsSchema = z.strictObject({
  labels: taskOptions.labels,
  metadata: taskOptions.metadata,
  idempotency_key: taskOptions.idempotency_key,
})

type Given = z.output<z.ZodObject<typeof submission>> & Pick<WorkflowSubmission, 'idempotency_key'>

/** The request that was given: its input may stand in the workflow, or beside it. Throws `invalid_input`. */
export function submissionOf({ workflow, input: beside, ...options }: Given): WorkflowSubmission {
  const { input: within, ...rest } = workflow
  if (within !== undefined && beside !== undefined)
    throw new InvalidInputError('/input', beside, 'either `input` or `workflow.input`')
  const input = within ?? beside
  return {
    workflow: rest,
    ...(input === undefined ? {} : { input }),
    ...parseOptions(optionsSchema, options),
  }
}
