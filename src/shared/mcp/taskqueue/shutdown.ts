import { z } from 'zod'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import type { WorkersPort } from './workers-port.ts'

/** What the node is asked for when it is to end. */
export interface ShutdownRequest {
  /** Milliseconds that what runs may take to end, before it is given back to the queue. */
  wait_ms: number
  reason?: string
}

/** Begins the end of this node and returns at once. Asked again, it changes nothing. */
export type Shutdown = (request: ShutdownRequest) => void

/** What runs may take unless the caller says otherwise, ms: as after a signal. */
const DEFAULT_WAIT_MS = 15_000
/** An hour: nobody waits longer for a node to end. */
const MAX_WAIT_MS = 3_600_000

export interface ShutdownComponents {
  shutdown: Shutdown
  workers: Pick<WorkersPort, 'workers'>
}

export function shutdownTool({ shutdown, workers }: ShutdownComponents): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_taskqueue_shutdown',
    category: 'p2p_taskqueue',
    title: 'Shut this node down',
    description:
      'Ends this node in order: it takes no more work, what runs may end within wait_ms and is then given back to the queue, and the process ends. Nothing that was accepted is lost; waiting tasks go on after the next start. Answers at once.',
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true },
    input: z.strictObject({
      wait_ms: z
        .int()
        .min(0)
        .max(MAX_WAIT_MS)
        .default(DEFAULT_WAIT_MS)
        .describe('Milliseconds that what runs may take to end.'),
      reason: z.string().max(1000).exactOptional().describe("For the node's log."),
    }),
    output: z.object({
      state: z.literal('draining'),
      running: z.int().describe('Attempts that still run.'),
      wait_ms: z.int(),
    }),
    run(request) {
      shutdown(request)
      const running = workers.workers().reduce((sum, worker) => sum + worker.running, 0)
      return { state: 'draining' as const, running, wait_ms: request.wait_ms }
    },
  })
}
