import { z } from 'zod'
import type { WorkerStats } from '../../queue/dispatch/worker-roster.ts'
import { WorkerNotFoundError } from '../../queue/errors.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import { iso, isoTime } from '../iso-time.ts'
import type { SurfaceTool } from '../surface.ts'
import type { WorkersPort } from './workers-port.ts'

const milliseconds = z.number().exactOptional()

export function workerStatsTool(workers: Pick<WorkersPort, 'workers'>): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_taskqueue_worker_stats',
    category: 'p2p_taskqueue',
    title: 'Figures of the workers',
    description:
      'What each worker that is connected now (this node among them) runs and has run for this queue since it came, and how long attempts take there. With peer_id only that one.',
    annotations: { readOnlyHint: true },
    input: z.strictObject({
      peer_id: z.string().min(1).max(128).exactOptional().describe('Only this peer.'),
    }),
    output: z.object({
      workers: z.array(
        z.object({
          peer_id: z.string(),
          labels: z.array(z.string()),
          tools: z.int().describe('Tools that it offers.'),
          since: isoTime.describe('Since when it is here.'),
          running: z.int(),
          credits: z.int().describe('Attempts that it allows at once.'),
          succeeded: z.int(),
          failed: z.int(),
          lost: z.int().describe('Attempts whose lease it lost.'),
          mean_ms: milliseconds.describe('Of its attempts that ended; absent before the first.'),
          p50_ms: milliseconds,
          p99_ms: milliseconds,
        }),
      ),
    }),
    run({ peer_id }) {
      const all = workers.workers()
      const shown = peer_id === undefined ? all : all.filter(worker => worker.peer_id === peer_id)
      if (peer_id !== undefined && shown.length === 0) throw new WorkerNotFoundError(peer_id)
      return { workers: shown.map(workerView) }
    },
  })
}

function workerView(worker: WorkerStats) {
  const { peer_id, labels, tools, since, running, credits, succeeded, failed, lost } = worker
  const { mean_ms, p50_ms, p99_ms } = worker
  return {
    ...{ peer_id, labels: [...labels].sort(), tools, since: iso(since) },
    ...{ running, credits, succeeded, failed, lost },
    ...(mean_ms === undefined ? {} : { mean_ms }),
    ...(p50_ms === undefined ? {} : { p50_ms }),
    ...(p99_ms === undefined ? {} : { p99_ms }),
  }
}
