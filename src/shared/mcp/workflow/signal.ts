import { z } from 'zod'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import { jsonValue } from '../json-object.ts'
import type { SurfaceTool } from '../surface.ts'
import { ownWorkflow } from './workflow-access.ts'
import { workflowId, workflowState } from './workflow-schemas.ts'
import type { WorkflowsPort } from './workflows-port.ts'

export function signalTool(workflows: Pick<WorkflowsPort, 'head' | 'signal'>): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_workflow_signal',
    category: 'p2p_workflow',
    title: 'Signal a workflow',
    description:
      "Gives a workflow the signal that a step waits for, or will, as a person's approval: its payload is the output of that step. p2p_workflow_result says in `waiting_for` what is waited for, and how the payload must be. The n-th signal of a name goes to the n-th step that waits for it.",
    annotations: { readOnlyHint: false, destructiveHint: false },
    input: z.strictObject({
      workflow_id: workflowId,
      signal: z.string().min(1).max(128).describe('Its name, as the step has it.'),
      payload: jsonValue.default({}).describe('What the step gives as its output.'),
    }),
    output: z.object({
      workflow_id: z.string(),
      state: workflowState,
      signal: z.string().describe('It is kept: the step gets it whatever happens to the node.'),
    }),
    async run({ workflow_id, signal, payload }, { principal }) {
      await ownWorkflow(workflows.head(workflow_id), principal)
      await workflows.signal(workflow_id, principal.id, signal, payload)
      const { state } = await workflows.head(workflow_id)
      return { workflow_id, state, signal }
    },
  })
}
