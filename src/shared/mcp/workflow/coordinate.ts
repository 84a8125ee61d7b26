import { z } from 'zod'
import { peerIdOf } from '../../authority/principal.ts'
import { requireRole } from '../../authority/roles.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import { mayChange, visibleWorkflow } from './workflow-access.ts'
import { ownerSchema, workflowId } from './workflow-schemas.ts'
import type { WorkflowsPort } from './workflows-port.ts'

export function coordinateTool(workflows: Pick<WorkflowsPort, 'head' | 'owner' | 'handOver'>): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_workflow_coordinate',
    category: 'p2p_workflow',
    title: 'Who drives a workflow',
    description:
      'The node that drives a workflow and why; with `to` (for admins) it is handed over to that node, once the steps that run have ended. Nodes that share a store take over from each other by themselves.',
    annotations: { readOnlyHint: false, destructiveHint: false },
    input: z.strictObject({
      workflow_id: workflowId,
      to: z.string().min(1).max(128).exactOptional().describe('Peer id of the node that it is handed to.'),
    }),
    output: z.object({ workflow_id: z.string(), ...ownerSchema.shape }),
    async run({ workflow_id, to }, { principal }) {
      const head = await visibleWorkflow(workflows.head(workflow_id), principal)
      if (to !== undefined) {
        // A node may take back what it handed over.
        const takesBack = peerIdOf(principal) === to && mayChange(principal, head)
        if (!takesBack) requireRole(principal, 'admin', 'handing a workflow over')
        await workflows.handOver(workflow_id, principal.id, to)
      }
      return { workflow_id, ...(await workflows.owner(workflow_id)) }
    },
  })
}
