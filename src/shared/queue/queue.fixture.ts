/** Tools, workers and a queue to test with: not part of the product. */
import { ManualClock } from '../clock.ts'
import { silentLogger } from '../logger.ts'
import { Catalogue } from '../tools/catalogue.ts'
import type { Json, Repeat, ToolDescriptor } from '../tools/tool.ts'
import { Bodies } from './bodies/bodies.ts'
import { MemoryBlobStore } from './bodies/memory-blob-store.ts'
import { LinkLostError, StoreUnavailableError } from './errors.ts'
import { Queue, type QueueInit } from './queue.ts'
import type { SubmitReceipt } from './requests/submission.ts'
import type { Command, Reply } from './states/commands.ts'
import { MemoryQueueStore } from './store/memory-queue-store.ts'
import type { AttemptHooks, Outcome, TaskRequest } from './task.ts'
import type { Announcement, Assignment, LeaseId, LiveLease, WorkerLink } from './work.ts'

export function toolNamed(name: string, repeat: Repeat = 'pure'): ToolDescriptor {
  return {
    name,
    category: 'test',
    title: name,
    description: name,
    effects: { repeat, reach: [] },
    platforms: ['node', 'browser'],
    inline_max_bytes: 0,
    input_schema: { type: 'object', properties: { n: { type: 'integer' } }, additionalProperties: false },
    output_schema: { type: 'object' },
    interface_cid: `interface-${name}`,
    code_cid: `code-${name}`,
    module: `test/${name}.ts`,
  }
}

export const TEST_TOOLS = new Catalogue([toolNamed('work'), toolNamed('other'), toolNamed('once', 'once')])

/** A worker that answers when the test says so. */
export class TestWorker implements WorkerLink {
  readonly peer_id: string
  readonly instance_id: string
  /** What it was given and has not answered. */
  readonly calls: {
    assignment: Assignment
    cancel: AbortController
    /** Whether it was told to stop. */
    signal: AbortSignal
    hooks: AttemptHooks
    end: (outcome: Outcome) => void
    drop: () => void
  }[] = []
  /** What it says when asked for its leases; by default all it was given and has not answered. */
  live: () => LiveLease[] = () =>
    this.calls.map(({ assignment: { lease } }) => ({ task_id: lease.task_id, fence: lease.fence }))
  renewals = 0
  /** What it was told to stop beside its calls. */
  readonly cancelledLeases: LeaseId[] = []
  /** What it was told to be settled. */
  readonly settledLeases: LeaseId[] = []
  /** How often it was told that there is work again. */
  wakeUps = 0

  constructor(peerId: string, instanceId = `${peerId}-run`) {
    this.peer_id = peerId
    this.instance_id = instanceId
  }

  run(assignment: Assignment, hooks: AttemptHooks): Promise<Outcome> {
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>()
    const cancel = new AbortController()
    const forget = () => void this.calls.splice(this.calls.indexOf(call), 1)
    const call = {
      assignment,
      cancel,
      signal: cancel.signal,
      hooks,
      end: (outcome: Outcome) => {
        forget()
        resolve(outcome)
      },
      drop: () => {
        forget()
        reject(new LinkLostError(this.peer_id))
      },
    }
    this.calls.push(call)
    return promise
  }

  async renew(): Promise<LiveLease[]> {
    this.renewals += 1
    return this.live()
  }

  cancel({ task_id, fence }: LeaseId, reason: string): void {
    const call = this.calls.find(
      ({ assignment: { lease } }) => lease.task_id === task_id && lease.fence === fence,
    )
    if (call === undefined) this.cancelledLeases.push({ task_id, fence })
    else call.cancel.abort(new Error(reason))
  }

  settled(lease: LeaseId): void {
    this.settledLeases.push(lease)
  }

  workWaits(): void {
    this.wakeUps += 1
  }

  announcement(credits: number, labels: string[] = []): Announcement {
    const tools = TEST_TOOLS.list().map(({ name, interface_cid, code_cid }) => {
      return { tool: name, interface_cid, code_cid }
    })
    return { instance_id: this.instance_id, tools, labels, credits }
  }
}

export interface TestQueue {
  queue: Queue
  clock: ManualClock
  store: MemoryQueueStore
  /** Another queue over the same store, as after a restart of the node; close the one before. */
  reopen: (init?: Partial<QueueInit>) => Promise<TestQueue>
}

export interface TestQueueInit extends Partial<QueueInit> {
  clock?: ManualClock
  store?: MemoryQueueStore
}

export async function openTestQueue(init: TestQueueInit = {}, { reachable = true } = {}): Promise<TestQueue> {
  const clock = init.clock ?? new ManualClock()
  const store = init.store ?? new MemoryQueueStore()
  const bodies = init.bodies ?? new Bodies({ store: new MemoryBlobStore(), logger: silentLogger })
  const queue = new Queue({
    catalogue: TEST_TOOLS,
    ownerId: 'owner-peer-id',
    logger: silentLogger,
    random: () => 0.5,
    ...init,
    store,
    bodies,
    clock,
  })
  await queue.start()
  if (reachable) queue.reachable()
  const reopen = (again: Partial<QueueInit> = {}) =>
    openTestQueue({ ...init, ...again, store, bodies, clock })
  return { queue, clock, store, reopen }
}

/** The id of a task that was taken. */
export function idOf(receipt: SubmitReceipt | undefined): string {
  if (receipt === undefined || 'error' in receipt) throw new Error(`not taken: ${JSON.stringify(receipt)}`)
  return receipt.task_id
}

/** A request of `work`, told apart by `n`. */
export const work = (n: number, more: Partial<TaskRequest> = {}): TaskRequest => ({
  tool: 'work',
  params: { n },
  ...more,
})

/** The outcome of a test's attempt. */
export const done = { state: 'succeeded', result: { ok: true } } as const

/** A store that takes nothing while it is broken, as on a full disk. */
export class BreakableStore extends MemoryQueueStore {
  broken = false

  override async apply(commands: readonly Command[]): Promise<Reply[]> {
    this.#ensureWhole()
    return super.apply(commands)
  }

  override async putRecord(key: string, value: Json | undefined): Promise<void> {
    this.#ensureWhole()
    return super.putRecord(key, value)
  }

  override async check(): Promise<void> {
    this.#ensureWhole()
  }

  #ensureWhole(): void {
    if (this.broken) throw new StoreUnavailableError('disk full')
  }
}

/** Takes no commands while it is held. */
export class HeldStore extends MemoryQueueStore {
  #held: Promise<void> | undefined

  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#held = promise
    return resolve
  }

  override async apply(commands: readonly Command[]): Promise<Reply[]> {
    await this.#held
    return super.apply(commands)
  }
}

/** Lets everything that is under way without time passing come to rest. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setTimeout(resolve, 0))
}
