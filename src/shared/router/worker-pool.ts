import type { Clock } from '../clock.ts'
import type { Logger } from '../logger.ts'
import type { Json, ToolDescriptor } from '../tools/tool.ts'
import { RunCancelledError, RuntimeBusyError } from './errors.ts'
import type { Runtime, RuntimeCall, RuntimeLoad } from './runtime.ts'
import { type Place, runsIn } from './tool-needs.ts'
import { WaitingList } from './waiting-list.ts'
import { type WorkerHandle, WorkerSlot } from './worker-slot.ts'

export interface WorkerPoolLimits {
  /** Calls that wait for a free worker; one more is refused. Each holds its input in memory. */
  maxWaiting: number
  /** Milliseconds that a call waits for a free worker, then it is refused. */
  maxWaitMs: number
  /** Milliseconds between a tool's abort signal and the end of its worker: time to close what it has open. */
  graceMs: number
  /** Milliseconds that an idle worker is kept: loaded tools stay warm through a pause, memory comes back after it. */
  idleMs: number
}

export const WORKER_POOL_LIMITS: WorkerPoolLimits = {
  maxWaiting: 1024,
  maxWaitMs: 30_000,
  graceMs: 2_000,
  idleMs: 60_000,
}

export interface WorkerPoolOptions {
  id: string
  place: Place
  /** Workers at once, 1 or more. */
  capacity: number
  startWorker: () => WorkerHandle
  /** In a tab one that a hidden page does not slow down: time limits count on it. */
  clock: Clock
  logger: Logger
  limits?: Partial<WorkerPoolLimits>
}

/**
 * Runs calls in workers: one at a time in each, workers started when needed and ended when idle. A tool that
 * overruns or ignores its cancellation is ended with its worker; the next call gets a new one.
 */
export class WorkerPool implements Runtime {
  readonly id: string
  readonly kind = 'worker'
  readonly #options: WorkerPoolOptions
  readonly #limits: WorkerPoolLimits
  readonly #slots = new Set<WorkerSlot>()
  /** The last one used is at the end and is used first, so that the others can grow old and end. */
  readonly #idle: WorkerSlot[] = []
  readonly #waiting: WaitingList<WorkerSlot>
  #capacity: number
  #closed = false
  #cancelSweep: (() => void) | undefined

  constructor(options: WorkerPoolOptions) {
    this.id = options.id
    this.#options = options
    this.#limits = { ...WORKER_POOL_LIMITS, ...options.limits }
    this.#capacity = options.capacity
    this.#waiting = new WaitingList({ name: options.id, clock: options.clock, ...this.#limits })
  }

  offers(tool: ToolDescriptor): boolean {
    return !this.#closed && runsIn(tool, this.#options.place)
  }

  load(): RuntimeLoad {
    return { running: this.#running, waiting: this.#waiting.size, capacity: this.#capacity }
  }

  async run(call: RuntimeCall): Promise<Json> {
    if (this.#closed) throw new RuntimeBusyError(this.id, 'it is closed')
    if (call.signal.aborted) throw new RunCancelledError(call.tool.name)
    const free = this.#running < this.#capacity
    const slot = free ? this.#take() : await this.#waiting.wait(call)
    try {
      return await slot.run(call)
    } finally {
      this.#giveBack(slot)
    }
  }

  /** Changes how many workers may run at once, 1 or more; workers over it end when their call has ended. */
  setCapacity(capacity: number): void {
    this.#capacity = capacity
    while (this.#slots.size > capacity && this.#idle.length > 0) this.#idle.shift()?.end('the pool shrank')
    this.#serveWaiting()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#cancelSweep?.()
    this.#waiting.refuseAll('it is closed')
    for (const slot of [...this.#slots]) slot.end('the pool was closed')
  }

  get #running(): number {
    return this.#slots.size - this.#idle.length
  }

  #take(): WorkerSlot {
    return this.#idle.pop() ?? this.#start()
  }

  #start(): WorkerSlot {
    const { id, clock, logger } = this.#options
    const slot: WorkerSlot = new WorkerSlot({
      name: id,
      worker: this.#startWorker(),
      clock,
      graceMs: this.#limits.graceMs,
      onGone: why => {
        logger('debug', 'worker ended', { pool: id, why })
        this.#slots.delete(slot)
        const idle = this.#idle.indexOf(slot)
        if (idle >= 0) this.#idle.splice(idle, 1)
        this.#serveWaiting()
      },
    })
    this.#slots.add(slot)
    return slot
  }

  #startWorker(): WorkerHandle {
    try {
      return this.#options.startWorker()
    } catch (error) {
      throw new RuntimeBusyError(this.id, `a worker could not be started: ${String(error)}`)
    }
  }

  #giveBack(slot: WorkerSlot): void {
    if (slot.gone) return
    if (this.#slots.size > this.#capacity) {
      slot.end('the pool shrank')
      return
    }
    this.#idle.push(slot)
    this.#serveWaiting()
    this.#sweepLater()
  }

  #serveWaiting(): void {
    while (!this.#closed && this.#waiting.size > 0 && this.#running < this.#capacity) {
      this.#waiting.serve(() => this.#take())
    }
  }

  /** One timer for all idle workers, none while there are none: a call sets no idle timer of its own. */
  #sweepLater(): void {
    if (this.#cancelSweep !== undefined || this.#idle.length === 0) return
    this.#cancelSweep = this.#options.clock.after(this.#limits.idleMs, () => {
      this.#cancelSweep = undefined
      const before = this.#options.clock.monotonic() - this.#limits.idleMs
      for (const slot of [...this.#idle]) if (slot.idleSince <= before) slot.end('idle')
      this.#sweepLater()
    })
  }
}
