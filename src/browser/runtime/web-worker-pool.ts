import type { Clock } from '../../shared/clock.ts'
import type { Logger } from '../../shared/logger.ts'
import { WorkerPool, type WorkerPoolLimits } from '../../shared/router/worker-pool.ts'
import type { WorkerHandle } from '../../shared/router/worker-slot.ts'
import type { Reach } from '../../shared/tools/tool.ts'

export interface WebWorkerPoolOptions {
  /** Workers at once, 1 or more. */
  capacity: number
  /** One that runs on in a hidden page: see worker-clock.ts. */
  clock: Clock
  logger: Logger
  /** What tools may reach here. Default nothing. */
  allow?: readonly Reach[]
  limits?: Partial<WorkerPoolLimits>
}

/** The tab's workers: every tool runs in a module Web Worker, the page keeps the network. */
export function webWorkerPool(options: WebWorkerPoolOptions): WorkerPool {
  const { allow = [], ...rest } = options
  return new WorkerPool({
    id: 'web-workers',
    place: { platform: 'browser', allow },
    startWorker: startWebWorker,
    ...rest,
  })
}

function startWebWorker(): WorkerHandle {
  const worker = new Worker(new URL('./tool-worker.ts', import.meta.url), { type: 'module', name: 'tool' })
  return {
    post: message => worker.postMessage(message),
    onMessage(listener) {
      worker.addEventListener('message', event => listener(event.data))
    },
    // An error that a tool left uncaught leaves the worker in an unknown state, so it counts as its death.
    onDeath(listener) {
      worker.addEventListener('error', event => listener(event.message || 'its script did not load'))
      worker.addEventListener('messageerror', () => listener('it sent what cannot be read'))
    },
    end: () => worker.terminate(),
  }
}
