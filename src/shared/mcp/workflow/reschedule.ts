import { z } from 'zod'
import { InvalidInputError } from '../../errors.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import { jsonValue } from '../json-object.ts'
import type { SurfaceTool } from '../surface.ts'
import { ownWorkflow } from './workflow-access.ts'
import { stepId, workflowId, workflowState } from './workflow-schemas.ts'
import type { WorkflowsPort } from './workflows-port.ts'

/** Steps that one request may name. */
const MAX_STEPS = 1_000

export function rescheduleTool(workflows: Pick<WorkflowsPort, 'head' | 'reschedule'>): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_workflow_reschedule',
    category: 'p2p_workflow',
    title: 'Run steps of a workflow again',
    description:
      'Runs steps again, and all that follow on them, as a new generation: those that failed unless `steps` or `from` names others. The rest keeps its outputs. Works on ended workflows too, and with another `input`; a step that runs, or what follows on it running, is a `conflict`.',
    annotations: { readOnlyHint: false, destructiveHint: false },
    input: z.strictObject({
      workflow_id: workflowId,
      steps: z
        .array(stepId)
        .min(1)
        .max(MAX_STEPS)
        .exactOptional()
        .describe('These, instead of those that failed.'),
      from: stepId.exactOptional().describe('This one, instead of `steps`.'),
      input: jsonValue.exactOptional().describe("The workflow's input from now on; the same unless given."),
    }),
    output: z.object({
      workflow_id: z.string(),
      state: workflowState,
      generation: z.int().describe('Of the steps that run again.'),
      steps: z.array(z.string()).describe('Those that were chosen; what follows on them runs again too.'),
    }),
    async run({ workflow_id, ...what }, { principal }) {
      if (what.steps !== undefined && what.from !== undefined)
        throw new InvalidInputError('/from', what.from, 'either `steps` or `from`')
      await ownWorkflow(workflows.head(workflow_id), principal)
      const { generation, steps } = await workflows.reschedule(workflow_id, principal.id, what)
      const { state } = await workflows.head(workflow_id)
      return { workflow_id, state, generation, steps }
    },
  })
}
