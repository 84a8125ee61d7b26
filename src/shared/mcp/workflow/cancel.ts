import { z } from 'zod'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import { ownWorkflow } from './workflow-access.ts'
import { workflowId, workflowState } from './workflow-schemas.ts'
import type { WorkflowsPort } from './workflows-port.ts'

export function cancelTool(workflows: Pick<WorkflowsPort, 'head' | 'cancel'>): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_workflow_cancel',
    category: 'p2p_workflow',
    title: 'Cancel a workflow',
    description:
      'Cancels a workflow that has not ended, with its children: the tools of its running steps are told at once, and no further step starts. An ended one stays as it is (`conflict`).',
    annotations: { readOnlyHint: false, destructiveHint: true },
    input: z.strictObject({
      workflow_id: workflowId,
      reason: z.string().max(1000).default('cancelled by its submitter').describe('Kept with the workflow.'),
    }),
    output: z.object({
      workflow_id: z.string(),
      state: workflowState.describe('`cancelled`, or what it is until its owner has heard of it.'),
    }),
    async run({ workflow_id, reason }, { principal }) {
      await ownWorkflow(workflows.head(workflow_id), principal)
      await workflows.cancel(workflow_id, principal.id, reason)
      const { state } = await workflows.head(workflow_id)
      return { workflow_id, state }
    },
  })
}
