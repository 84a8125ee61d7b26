import type { Clock } from '../clock.ts'
import type { BootstrapParts } from './bootstrap/bootstrap-parts.ts'
import { bootstrapTools } from './bootstrap/bootstrap-tools.ts'
import { type CacheToolsComponents, cacheTools } from './cache/cache-tools.ts'
import { type CreateInviteComponents, createInviteTool } from './invite/create.ts'
import type { InvitesPort } from './invite/invites-port.ts'
import { listInvitesTool } from './invite/list.ts'
import { revokeInviteTool } from './invite/revoke.ts'
import type { CallPeer } from './peer/call-peer.ts'
import { type PeerToolsComponents, peerTools } from './peer/peer-tools.ts'
import type { SurfaceTool } from './surface.ts'
import { type TaskToolsComponents, taskTools } from './taskqueue/task-tools.ts'
import { createTokenTool } from './token/create.ts'
import { listTokensTool } from './token/list.ts'
import { revokeTokenTool } from './token/revoke.ts'
import { forwardMoved, type MovedWorkflows } from './workflow/forward-moved.ts'
import { workflowTools } from './workflow/workflow-tools.ts'
import type { WorkflowsPort } from './workflow/workflows-port.ts'

/** The parts that the mesh tools speak for. */
export interface MeshToolsComponents
  extends TaskToolsComponents,
    Omit<CreateInviteComponents, 'authority'>,
    PeerToolsComponents,
    BootstrapParts,
    CacheToolsComponents {
  authority: InvitesPort
  callPeer: CallPeer
  workflows: WorkflowsPort
  /** Asks the node that a workflow was handed over to. */
  callNode: MovedWorkflows['call']
  clock: Pick<Clock, 'now' | 'monotonic'>
  peerId: string
  catalogue: TaskToolsComponents['catalogue']
}

/** The tools that a node answers itself, beside the meta tools. */
export function meshTools(parts: MeshToolsComponents): SurfaceTool[] {
  const { authority, workflows, callNode, clock } = parts
  const moved = { head: (id: string) => workflows.head(id), call: callNode }
  return [
    ...taskTools(parts),
    ...forwardMoved(workflowTools(workflows, clock), moved),
    createInviteTool(parts),
    listInvitesTool(authority),
    revokeInviteTool(authority),
    createTokenTool(authority),
    listTokensTool(authority),
    revokeTokenTool(authority),
    ...peerTools(parts),
    ...bootstrapTools(parts),
    ...cacheTools(parts),
  ]
}
