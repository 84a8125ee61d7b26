import { z } from 'zod'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import type { QueuePort } from './queue-port.ts'
import { taskState } from './task-schemas.ts'

export function statusTool(queue: QueuePort): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_taskqueue_status',
    category: 'p2p_taskqueue',
    title: 'Status of the task queue',
    description:
      'How many tasks are in each state, who runs them, and what is missing for tasks that nobody present can run.',
    annotations: { readOnlyHint: true },
    input: z.strictObject({}),
    output: z.object({
      counts: z.record(taskState, z.int()).describe('Tasks in each state.'),
      ready: z.int().describe('Tasks that may run now and have no worker yet.'),
      peers: z.int().describe('Peers that run tasks for this node, itself among them.'),
      waiting_for: z.array(z.object({ tool: z.string(), tasks: z.int(), missing: z.string() })),
      workers: z.array(
        z.object({
          peer_id: z.string(),
          running: z.int(),
          credits: z.int().describe('Attempts that it allows at once.'),
          succeeded: z.int(),
          failed: z.int(),
        }),
      ),
    }),
    async run() {
      const status = await queue.status()
      return { ...status, peers: status.workers.length }
    },
  })
}
