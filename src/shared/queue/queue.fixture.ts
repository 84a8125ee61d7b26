/** Tools, workers and a queue to test with: not part of the product. */
import { ManualClock } from '../clock.ts'
import { silentLogger } from '../logger.ts'
import { Catalogue } from '../tools/catalogue.ts'
import type { Repeat, ToolDescriptor } from '../tools/tool.ts'
import { Bodies } from './bodies.ts'
import { LinkLostError } from './errors.ts'
import { MemoryBlobStore } from './memory-blob-store.ts'
import { MemoryQueueStore } from './memory-queue-store.ts'
import { Queue, type QueueInit } from './queue.ts'
import type { AttemptHooks, Outcome } from './task.ts'
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
    signal: AbortSignal
    hooks: AttemptHooks
    end: (outcome: Outcome) => void
    drop: () => void
  }[] = []
  /** What it says when asked for its leases; by default all it was given and has not answered. */
  live: () => LiveLease[] = () =>
    this.calls.map(({ assignment: { lease } }) => ({ task_id: lease.task_id, fence: lease.fence }))
  renewals = 0
  /** What it was told to be settled. */
  readonly settledLeases: LeaseId[] = []
  /** How often it was told that there is work again. */
  wakeUps = 0

  constructor(peerId: string, instanceId = `${peerId}-run`) {
    this.peer_id = peerId
    this.instance_id = instanceId
  }

  run(assignment: Assignment, hooks: AttemptHooks, signal: AbortSignal): Promise<Outcome> {
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>()
    const forget = () => void this.calls.splice(this.calls.indexOf(call), 1)
    const call = {
      assignment,
      signal,
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
}

export async function openTestQueue(
  init: Partial<QueueInit> = {},
  { reachable = true } = {},
): Promise<TestQueue> {
  const clock = new ManualClock()
  const store = new MemoryQueueStore()
  const queue = new Queue({
    store,
    bodies: new Bodies({ store: new MemoryBlobStore(), logger: silentLogger }),
    clock,
    catalogue: TEST_TOOLS,
    ownerId: 'owner-peer-id',
    logger: silentLogger,
    random: () => 0.5,
    ...init,
  })
  await queue.start()
  if (reachable) queue.reachable()
  return { queue, clock, store }
}

/** Lets everything that is under way without time passing come to rest. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setTimeout(resolve, 0))
}
