import { z } from 'zod'
import { peerIdOf } from '../../authority/principal.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import { taskId } from './task-schemas.ts'
import type { WorkersPort } from './workers-port.ts'

/** Leases in one heartbeat: as many as a worker may hold. */
const MAX_LEASES = 2_048

export interface HeartbeatComponents {
  workers: Pick<WorkersPort, 'heartbeat' | 'leaseMs'>
  /** Peer id of this node. */
  peerId: string
}

export function heartbeatTool({ workers, peerId }: HeartbeatComponents): SurfaceTool {
  const lease = z.object({ task_id: taskId, fence: z.int().min(0) })
  return defineSurfaceTool({
    name: 'p2p_taskqueue_heartbeat',
    category: 'p2p_taskqueue',
    title: 'Renew leases',
    description:
      "Renews the leases of a worker and answers which are still its own; stop what is in `ended`, its outcome would be refused. Over a session between peers it speaks for the calling peer; over HTTP and stdio for this node's own workers. Without `leases` for all that the worker holds.",
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true },
    input: z.strictObject({
      leases: z
        .array(z.strictObject(lease.shape))
        .max(MAX_LEASES)
        .exactOptional()
        .describe('Only these, as they were granted.'),
    }),
    output: z.object({
      peer_id: z.string().describe('The worker.'),
      leases: z.array(lease).describe('Renewed: still its own.'),
      ended: z.array(lease).describe('Of those asked for, what is no longer its own.'),
      lease_ms: z.number().describe('From now, unless renewed again.'),
    }),
    run({ leases: asked }, { principal }) {
      const worker = peerIdOf(principal) ?? peerId
      const leases = workers.heartbeat(worker, asked).map(({ task_id, fence }) => ({ task_id, fence }))
      const own = new Set(leases.map(keyOf))
      const ended = (asked ?? []).filter(each => !own.has(keyOf(each)))
      return { peer_id: worker, leases, ended, lease_ms: workers.leaseMs }
    },
  })
}

function keyOf({ task_id, fence }: { task_id: string; fence: number }): string {
  return `${fence} ${task_id}`
}
