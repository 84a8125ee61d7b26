import type { Clock } from '../shared/clock.ts'
import type { OverviewPort } from '../shared/mcp/resources/overview.ts'
import type { OverviewView } from '../shared/mcp/views.ts'
import type { WorkflowsPort } from '../shared/mcp/workflow/workflows-port.ts'
import type { Queue } from '../shared/queue/queue.ts'
import { TERMINAL_STATES } from '../shared/queue/task.ts'
import type { Router } from '../shared/router/router.ts'
import type { PeerDirectory } from './peer-directory.ts'
import { Throughput } from './throughput.ts'

/** How often the moving figures (throughput, calls, uptime) are new to who watches, milliseconds. */
const TICK_MS = 1000

export interface OverviewInit {
  node: { name: string; version: string; peerId: string; multiaddrs: () => string[] }
  tools: { total: number; categories: number }
  queue: Queue
  workflows: Pick<WorkflowsPort, 'counts' | 'onChange'>
  router: Router
  directory: PeerDirectory
  isDraining: () => boolean
  clock: Clock
}

/** The figures of `mesh://overview`, and when they have changed. */
export function overviewOf(init: OverviewInit): OverviewPort {
  const { node, tools, queue, workflows, router, directory, isDraining, clock } = init
  const startedAt = clock.now()
  const began = clock.monotonic()
  const throughput = new Throughput(clock)
  queue.onChange(event => {
    if (TERMINAL_STATES.has(event.state)) throughput.count()
  })

  let counts: Pick<OverviewView, 'tasks' | 'workflows'> | undefined
  /** Those last known while the store fails: what else there is to see must stay visible then. */
  async function readCounts(): Promise<Pick<OverviewView, 'tasks' | 'workflows'>> {
    try {
      const [status, ofWorkflows] = await Promise.all([queue.status(), workflows.counts()])
      counts = { tasks: status.counts, workflows: ofWorkflows }
    } catch (error) {
      if (counts === undefined || queue.failure === undefined) throw error
    }
    return counts
  }

  return {
    async read() {
      const counted = await readCounts()
      const workers = queue.workers()
      return {
        name: node.name,
        version: node.version,
        peer_id: node.peerId,
        multiaddrs: node.multiaddrs(),
        started_at: new Date(startedAt).toISOString(),
        uptime_ms: Math.round(clock.monotonic() - began),
        state: isDraining() ? 'draining' : queue.failure === undefined ? 'ready' : 'degraded',
        ...(queue.failure === undefined ? {} : { reason: queue.failure }),
        peers: directory.counts(),
        tools,
        ...counted,
        throughput: throughput.view(),
        calls: router.stats(),
        workers: {
          capacity: workers.reduce((sum, worker) => sum + worker.credits, 0),
          running: workers.reduce((sum, worker) => sum + worker.running, 0),
        },
      }
    },
    onChange(listener) {
      const stops = [
        queue.onChange(listener),
        workflows.onChange(listener),
        queue.onHealth(listener),
        directory.onChange(listener),
      ]
      let stopTick = clock.after(TICK_MS, function tick() {
        listener()
        stopTick = clock.after(TICK_MS, tick)
      })
      return () => {
        for (const stop of stops) stop()
        stopTick()
      }
    },
  }
}
