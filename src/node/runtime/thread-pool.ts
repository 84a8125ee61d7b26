import type { Readable } from 'node:stream'
import { Worker } from 'node:worker_threads'
import type { Clock } from '../../shared/clock.ts'
import type { Logger } from '../../shared/logger.ts'
import { WorkerPool, type WorkerPoolLimits } from '../../shared/router/worker-pool.ts'
import type { WorkerHandle } from '../../shared/router/worker-slot.ts'
import type { Platform, Reach } from '../../shared/tools/tool.ts'

/** Heap of one worker thread, MiB: a tool that needs more is ended instead of the node. */
export const THREAD_HEAP_MB = 512

export interface ThreadPoolOptions {
  /** The folder that holds `tools/`. */
  root: string
  /** Threads at once, 1 or more; none is started before the first call. */
  capacity: number
  clock: Clock
  logger: Logger
  /** Default `node`. */
  platform?: Platform
  /** What tools may reach here. Default nothing. */
  allow?: readonly Reach[]
  /** MiB, default THREAD_HEAP_MB. */
  heapMb?: number
  limits?: Partial<WorkerPoolLimits>
}

/** The node's own workers: tools run in worker threads, the event loop stays free for the network. */
export function threadPool(options: ThreadPoolOptions): WorkerPool {
  const {
    root,
    capacity,
    clock,
    logger,
    platform = 'node',
    allow = [],
    heapMb = THREAD_HEAP_MB,
    limits,
  } = options
  return new WorkerPool({
    id: 'threads',
    place: { platform, allow },
    capacity,
    clock,
    logger,
    startWorker: () => startThread(root, heapMb, logger),
    ...(limits === undefined ? {} : { limits }),
  })
}

function startThread(root: string, heapMb: number, logger: Logger): WorkerHandle {
  const extension = import.meta.url.endsWith('.js') ? 'js' : 'ts'
  const thread = new Worker(new URL(`./thread-worker.${extension}`, import.meta.url), {
    workerData: { root },
    resourceLimits: { maxOldGenerationSizeMb: heapMb },
    // What a tool prints must never reach this process's stdout: with `toolmesh stdio` that is the protocol.
    stdout: true,
    stderr: true,
  })
  thread.unref()
  logPrinted(thread.stdout, logger)
  logPrinted(thread.stderr, logger)
  return {
    post: message => thread.postMessage(message),
    onMessage: listener => thread.on('message', listener),
    onDeath(listener) {
      thread.on('error', error => listener(error instanceof Error ? error.message : String(error)))
      thread.on('exit', code => listener(`its thread exited with code ${code}`))
    },
    end: () => void thread.terminate(),
  }
}

function logPrinted(stream: Readable, logger: Logger): void {
  stream.setEncoding('utf8').on('data', (text: string) => logger('debug', 'a tool printed', { text }))
}
