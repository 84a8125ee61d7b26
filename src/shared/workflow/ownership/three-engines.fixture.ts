/** Engines over one store and one queue, some of which meet with an accident: not part of the product. */
import { InvalidInputError } from '../../errors.ts'
import { silentLogger } from '../../logger.ts'
import { Bodies } from '../../queue/bodies/bodies.ts'
import { MemoryBlobStore } from '../../queue/bodies/memory-blob-store.ts'
import { Queue } from '../../queue/queue.ts'
import { MemoryQueueStore } from '../../queue/store/memory-queue-store.ts'
import type { Outcome } from '../../queue/task.ts'
import type { Assignment, LeaseId, LiveLease, WorkerLink } from '../../queue/work.ts'
import { Catalogue } from '../../tools/catalogue.ts'
import type { JsonObject } from '../../tools/tool.ts'
import { anyTool } from '../engine/test-tasks.fixture.ts'
import type { StepTask } from '../ports.ts'
import { MemoryWorkflowStore } from '../store/memory-workflow-store.ts'
import type { Append, AppendReply } from '../store/store.ts'
import { Workflows } from '../workflows.ts'
import { type Accident, Process } from './process.fixture.ts'
import type { QuickClock } from './quick-clock.fixture.ts'

export const LEASE_MS = 9_000
const CATALOGUE = new Catalogue([anyTool('work')])

/** Runs what it is given for as long as the params say, and fails when they say so. */
class WorkingPeer implements WorkerLink {
  readonly peer_id = 'worker'
  readonly instance_id = 'worker-run'
  readonly #clock: QuickClock
  readonly #live = new Map<string, LiveLease>()

  constructor(clock: QuickClock) {
    this.#clock = clock
  }

  run({ lease: { task_id, fence }, input }: Assignment): Promise<Outcome> {
    const { ms, fails, n } = input as { ms: number; fails?: boolean; n: number }
    this.#live.set(task_id, { task_id, fence })
    return new Promise(resolve => {
      this.#clock.after(ms, () => {
        this.#live.delete(task_id)
        const error = { code: 'tool_failed', message: 'as it was told to', retryable: false } as const
        resolve(fails === true ? { state: 'failed', error } : { state: 'succeeded', result: { n } })
      })
    })
  }

  async renew(): Promise<LiveLease[]> {
    return [...this.#live.values()]
  }

  cancel(_lease: LeaseId): void {}

  settled(): void {}
}

/** What survives any engine. */
export class SharedWorld {
  readonly clock: QuickClock
  readonly store: MemoryWorkflowStore
  readonly tasks: MemoryQueueStore
  readonly queue: Queue
  /** Appends and submits with a fence that was not the latest, and how many of them were taken. */
  late = { refused: 0, taken: 0 }
  readonly #bodies = new Bodies({ store: new MemoryBlobStore(), logger: silentLogger })

  constructor(clock: QuickClock) {
    this.clock = clock
    this.store = new MemoryWorkflowStore({ clock })
    this.tasks = new MemoryQueueStore(this.store)
    this.queue = new Queue({
      store: this.tasks,
      bodies: this.#bodies,
      catalogue: CATALOGUE,
      ownerId: 'owner-peer-id',
      clock,
      logger: silentLogger,
      random: () => 0.5,
    })
    this.#countLateWrites()
  }

  async open(): Promise<void> {
    await this.queue.start()
    this.queue.reachable()
    const tools = CATALOGUE.list().map(({ name, interface_cid, code_cid }) => ({
      tool: name,
      interface_cid,
      code_cid,
    }))
    const worker = new WorkingPeer(this.clock)
    this.queue.announce(worker, { instance_id: worker.instance_id, tools, labels: [], credits: 64 })
  }

  /** Starts an engine in a process of its own. */
  async start(engineId: string, accident?: Accident, onAccident?: () => void): Promise<RunningEngine> {
    const process = new Process(this.clock, accident, onAccident)
    const workflows = new Workflows({
      store: process.using(this.store),
      tasks: process.using(this.queue.steps),
      bodies: this.#bodies,
      tools: CATALOGUE,
      evaluate: async expression => {
        throw new InvalidInputError('/', expression, 'no expressions here')
      },
      mayRun: () => undefined,
      paramsOf: async () => undefined,
      ownerId: 'owner-peer-id',
      engineId,
      leaseMs: LEASE_MS,
      clock: process.clock,
      logger: silentLogger,
      random: Math.random,
    })
    // One that is struck as it starts does not come to an end of that by itself.
    void workflows.start()
    await this.clock.pass(0)
    return { engineId, process, workflows }
  }

  #countLateWrites(): void {
    const { store, queue } = this
    const count = (isLate: boolean, isRefused: boolean): void => {
      if (isLate) this.late[isRefused ? 'refused' : 'taken'] += 1
    }
    const append = store.append.bind(store)
    store.append = async (appends: readonly Append[]): Promise<AppendReply[]> => {
      const isLate = appends.map(({ workflow_id, fence }) => store.fenceOf(workflow_id) !== fence)
      const replies = await append(appends)
      for (const [at, reply] of replies.entries()) count(isLate[at] === true, !reply.done)
      return replies
    }
    const { steps } = queue
    const submit = steps.submit.bind(steps)
    steps.submit = async (tasks: readonly StepTask[]) => {
      const isLate = tasks.map(({ guard }) => store.fenceOf(guard.workflow_id) !== guard.fence)
      const receipts = await submit(tasks)
      for (const [at, receipt] of receipts.entries())
        count(isLate[at] === true, 'error' in receipt && receipt.error.code === 'stale_fence')
      return receipts
    }
  }
}

export interface RunningEngine {
  engineId: string
  process: Process
  workflows: Workflows
}

/** How a workflow ended, as it is whoever drove it. */
export interface Ending {
  state: string
  steps: Record<string, string>
  result: unknown
  tasks: number
}

/** Reads how a workflow ended; throws when a step or an item has ended twice, or a task was run for nothing. */
export async function endingOf(world: SharedWorld, reader: Workflows, id: string): Promise<Ending> {
  const { state, result } = await reader.result(id)
  const steps = await reader.steps(id, { limit: 1_000 })
  const ends = new Set<string>()
  let tasks = 0
  const { events } = await world.store.events(id, 0, 10_000)
  for (const [place, event] of events.entries()) {
    if (event.seq !== place + 1) throw new Error(`event ${event.seq} stands at ${place + 1}`)
    if (event.kind !== 'item_ended' && event.kind !== 'step_ended') continue
    const key = `${event.step}/${event.kind === 'item_ended' ? event.item : '-'}`
    if (ends.has(key)) throw new Error(`${key} of ${id} ended twice`)
    ends.add(key)
    if (event.task_id === undefined) continue
    tasks += 1
    const task = await world.tasks.head(event.task_id)
    if (task === undefined || task.attempts.length !== 1) throw new Error(`${key} has not one attempt`)
    if (task.idempotency_key?.startsWith(`workflow:${id}/`) !== true)
      throw new Error(`${key} has another's task`)
  }
  return { state, steps: Object.fromEntries(steps.map(({ id, state }) => [id, state])), result, tasks }
}

/** Params of a task that takes `ms`. */
export function taking(ms: number, n: number, fails: boolean): JsonObject {
  return { ms, n, ...(fails ? { fails } : {}) }
}
