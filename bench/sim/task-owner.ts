/** A node's real queue over the memory store, and workers at the far ends of simulated links. */
import type { Clock } from '../../src/shared/clock.ts'
import { silentLogger } from '../../src/shared/logger.ts'
import { Bodies } from '../../src/shared/queue/bodies/bodies.ts'
import { MemoryBlobStore } from '../../src/shared/queue/bodies/memory-blob-store.ts'
import { LinkLostError } from '../../src/shared/queue/errors.ts'
import { Queue } from '../../src/shared/queue/queue.ts'
import { MemoryQueueStore } from '../../src/shared/queue/store/memory-queue-store.ts'
import type { Outcome } from '../../src/shared/queue/task.ts'
import type { Assignment, LeaseId, LiveLease, WorkerLink } from '../../src/shared/queue/work.ts'
import { Catalogue } from '../../src/shared/tools/catalogue.ts'
import type { ToolDescriptor } from '../../src/shared/tools/tool.ts'
import { exponential, type Random } from './random.ts'

const WORK: ToolDescriptor = {
  name: 'sim_work',
  category: 'sim',
  title: 'Work',
  description: 'Takes its time.',
  effects: { repeat: 'pure', reach: [] },
  platforms: ['node', 'browser'],
  inline_max_bytes: 0,
  input_schema: { type: 'object' },
  output_schema: { type: 'object' },
  interface_cid: 'interface',
  code_cid: 'code',
  module: 'sim.ts',
}

export interface TaskFigures {
  submitted: number
  succeeded: number
  /** Committed more than once, or failed: there must be none. */
  wrong: number
  /** Those whose first worker left under them. */
  delayed: number
  /** Milliseconds from the first lease to the end, less the work itself, of those. */
  delays: number[]
}

interface Watched {
  workMs: number
  firstLeaseAt: number | undefined
  leases: number
  ended: boolean
}

export interface TaskOwnerInit {
  peerId: string
  clock: Clock
  random: Random
  /** Milliseconds that a task takes, on average (exponential). */
  workMs: number
}

export class TaskOwner {
  readonly figures: TaskFigures = { submitted: 0, succeeded: 0, wrong: 0, delayed: 0, delays: [] }
  readonly #init: TaskOwnerInit
  readonly #queue: Queue
  readonly #watched = new Map<string, Watched>()

  constructor(init: TaskOwnerInit) {
    this.#init = init
    const { peerId, clock, random } = init
    this.#queue = new Queue({
      store: new MemoryQueueStore(),
      bodies: new Bodies({ store: new MemoryBlobStore(), logger: silentLogger }),
      catalogue: new Catalogue([WORK]),
      ownerId: peerId,
      clock,
      logger: silentLogger,
      random,
      // What has ended is not looked at again; memory is for the living.
      limits: { retentionMs: 60_000 },
    })
    this.#queue.onChange(({ task_id, state }) => {
      if (state === 'succeeded' || state === 'failed') this.#ended(task_id, state)
    })
  }

  async start(): Promise<void> {
    await this.#queue.start()
    this.#queue.reachable()
  }

  async submit(): Promise<void> {
    this.figures.submitted += 1
    const workMs = exponential(this.#init.random, this.#init.workMs)
    const [receipt] = await this.#queue.submit('sim', [{ tool: WORK.name, params: { ms: workMs } }])
    if (receipt === undefined || 'error' in receipt) throw new Error('the queue took no task')
    if (!this.#watched.has(receipt.task_id)) this.#watched.set(receipt.task_id, unseen(workMs))
  }

  /** A worker that runs one task at a time joins. */
  join(peerId: string, oneWayMs: number): Departure {
    const worker = new FarWorker(peerId, oneWayMs, this.#init.clock, assignment => this.#leased(assignment))
    this.#queue.announce(worker, {
      instance_id: peerId,
      tools: [{ tool: WORK.name, interface_cid: WORK.interface_cid, code_cid: WORK.code_cid }],
      labels: ['kind:tab'],
      credits: 1,
    })
    return {
      vanish: () => worker.vanish(),
      noticed: () => {
        worker.vanish()
        worker.lost()
        this.#queue.dropped(worker)
      },
    }
  }

  close(): Promise<void> {
    return this.#queue.close()
  }

  /** Tasks that have not ended. */
  get open(): number {
    return this.#watched.size
  }

  #leased({ lease, input }: Assignment): number {
    const workMs = Number((input as { ms: number }).ms)
    const task = this.#watched.get(lease.task_id) ?? unseen(workMs)
    this.#watched.set(lease.task_id, task)
    task.firstLeaseAt ??= this.#init.clock.monotonic()
    task.leases += 1
    return workMs
  }

  #ended(taskId: string, state: 'succeeded' | 'failed'): void {
    const task = this.#watched.get(taskId)
    if (task === undefined || state === 'failed') {
      this.figures.wrong += 1
      return
    }
    this.#watched.delete(taskId)
    this.figures.succeeded += 1
    if (task.leases < 2 || task.firstLeaseAt === undefined) return
    this.figures.delayed += 1
    this.figures.delays.push(this.#init.clock.monotonic() - task.firstLeaseAt - task.workMs)
  }
}

function unseen(workMs: number): Watched {
  return { workMs, firstLeaseAt: undefined, leases: 0, ended: false }
}

/** How a worker leaves: it is gone at once, and its owner notices then or later. */
export interface Departure {
  vanish(): void
  noticed(): void
}

class FarWorker implements WorkerLink {
  readonly peer_id: string
  readonly #oneWayMs: number
  readonly #clock: Clock
  readonly #begin: (assignment: Assignment) => number
  readonly #running = new Map<string, { lease: LeaseId; fail: (error: Error) => void; stop: () => void }>()
  #gone = false

  constructor(peerId: string, oneWayMs: number, clock: Clock, begin: (assignment: Assignment) => number) {
    this.peer_id = peerId
    this.#oneWayMs = oneWayMs
    this.#clock = clock
    this.#begin = begin
  }

  run(assignment: Assignment): Promise<Outcome> {
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>()
    const { task_id, fence } = assignment.lease
    const workMs = this.#begin(assignment)
    const end = () => {
      if (this.#gone) return
      this.#running.delete(task_id)
      resolve({ state: 'succeeded', result: {} })
    }
    const stop = this.#clock.after(2 * this.#oneWayMs + workMs, end)
    this.#running.set(task_id, { lease: { task_id, fence }, fail: reject, stop })
    return promise
  }

  cancel({ task_id }: LeaseId): void {
    const running = this.#running.get(task_id)
    running?.stop()
    this.#running.delete(task_id)
    running?.fail(new LinkLostError(this.peer_id))
  }

  renew(): Promise<LiveLease[]> {
    const { promise, resolve } = Promise.withResolvers<LiveLease[]>()
    this.#clock.after(2 * this.#oneWayMs, () => {
      if (!this.#gone) resolve([...this.#running.values()].map(({ lease }) => lease))
    })
    return promise
  }

  settled(): void {}

  vanish(): void {
    this.#gone = true
  }

  /** The owner's side of the link has ended. */
  lost(): void {
    for (const { stop, fail } of this.#running.values()) {
      stop()
      fail(new LinkLostError(this.peer_id))
    }
    this.#running.clear()
  }
}
