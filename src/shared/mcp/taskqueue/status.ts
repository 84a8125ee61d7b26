import { z } from 'zod'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import { pauseSchema, pauseView } from './pause-view.ts'
import type { QueuePort } from './queue-port.ts'
import { taskState } from './task-schemas.ts'
import type { WorkersPort } from './workers-port.ts'

export interface StatusComponents {
  queue: Pick<QueuePort, 'status' | 'pauses'>
  workers: Pick<WorkersPort, 'workers'>
}

export function statusTool({ queue, workers }: StatusComponents): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_taskqueue_status',
    category: 'p2p_taskqueue',
    title: 'Status of the task queue',
    description:
      'How many tasks are in each state, who runs them, what is paused, and what is missing for tasks that nobody present can run.',
    annotations: { readOnlyHint: true },
    input: z.strictObject({}),
    output: z.object({
      state: z
        .enum(['ready', 'draining', 'degraded'])
        .describe(
          'Whether it takes tasks: not while it is draining (shutting down) or degraded (see `failure`).',
        ),
      failure: z.string().exactOptional().describe('Why nothing can be stored now.'),
      counts: z.record(taskState, z.int()).describe('Tasks in each state.'),
      ready: z.int().describe('Tasks that may run now and have no worker yet.'),
      peers: z.int().describe('Peers that run tasks for this node, itself among them.'),
      waiting_for: z
        .array(z.object({ tool: z.string(), tasks: z.int(), missing: z.string() }))
        .describe('Ready tasks that no free worker would help, and what they wait for.'),
      pauses: z.array(pauseSchema),
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
      const { counts, ready, waiting_for, state, failure } = await queue.status()
      const present = workers.workers()
      return {
        state,
        ...(failure === undefined ? {} : { failure }),
        counts,
        ready,
        peers: new Set(present.map(({ peer_id }) => peer_id)).size,
        waiting_for,
        pauses: queue.pauses().map(pauseView),
        workers: present.map(({ peer_id, running, credits, succeeded, failed }) => {
          return { peer_id, running, credits, succeeded, failed }
        }),
      }
    },
  })
}
