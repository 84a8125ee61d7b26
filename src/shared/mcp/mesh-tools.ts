import { type CreateInviteComponents, createInviteTool } from './invite/create.ts'
import type { InvitesPort } from './invite/invites-port.ts'
import { listInvitesTool } from './invite/list.ts'
import { revokeInviteTool } from './invite/revoke.ts'
import { type ConnectPeer, connectPeerTool } from './peer/connect.ts'
import { listPeersTool, type PeersPort } from './peer/list.ts'
import type { SurfaceTool } from './surface.ts'
import { cancelTool } from './taskqueue/cancel.ts'
import { getResultTool } from './taskqueue/get-result.ts'
import { listTasksTool } from './taskqueue/list-tasks.ts'
import type { QueuePort } from './taskqueue/queue-port.ts'
import { statusTool } from './taskqueue/status.ts'
import { submitTool } from './taskqueue/submit.ts'
import { taskStatusTool } from './taskqueue/task-status.ts'
import { createTokenTool } from './token/create.ts'
import { listTokensTool } from './token/list.ts'
import { revokeTokenTool } from './token/revoke.ts'

/** The parts that the mesh tools speak for. */
export interface MeshToolsComponents extends Omit<CreateInviteComponents, 'authority'> {
  queue: QueuePort
  authority: InvitesPort
  peers: Pick<PeersPort, 'list'>
  connect: ConnectPeer
}

/** The tools that a node answers itself, beside the meta tools. */
export function meshTools({
  queue,
  authority,
  peers,
  connect,
  peerId,
  origin,
}: MeshToolsComponents): SurfaceTool[] {
  return [
    statusTool(queue),
    submitTool(queue),
    cancelTool(queue),
    getResultTool(queue),
    listTasksTool(queue),
    taskStatusTool(queue),
    createInviteTool({ authority, peerId, origin }),
    listInvitesTool(authority),
    revokeInviteTool(authority),
    createTokenTool(authority),
    listTokensTool(authority),
    revokeTokenTool(authority),
    listPeersTool(peers),
    connectPeerTool(connect),
  ]
}
