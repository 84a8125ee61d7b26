import type { Clock } from '../clock.ts'
import { type ErrorFacts, factsOf, InvalidInputError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { Progress, ToolDescriptor } from '../tools/tool.ts'
import { type Changed, type Command, inlineOf, type Reply } from './commands.ts'
import { Dispatcher } from './dispatcher.ts'
import {
  IdempotencyConflictError,
  QueueClosedError,
  QueueFullError,
  TaskEndedError,
  TaskNotFoundError,
} from './errors.ts'
import { GroupCommit } from './group-commit.ts'
import { DEFAULT_QUEUE_LIMITS, type QueueLimits } from './limits.ts'
import { reportedOutcome } from './reported-outcome.ts'
import { ResultWaiters } from './result-waiters.ts'
import { keepRetention } from './retention.ts'
import type { QueueStore, TaskFilter, TaskPage } from './store.ts'
import { type Task, type TaskEvent, type TaskRequest, type TaskState, TERMINAL_STATES } from './task.ts'
import { taskIds } from './task-id.ts'
import { taskFromRequest } from './task-request.ts'
import type {
  Announcement,
  Assignment,
  OutcomeReport,
  OutcomeVerdict,
  WorkerLink,
  WorkOwner,
} from './work.ts'

export interface QueueInit {
  store: QueueStore
  /** Tools that tasks may name. */
  catalogue: { get(name: string): ToolDescriptor | undefined }
  /** Peer id of this node; its last 8 characters begin each task id. */
  ownerId: string
  clock: Clock
  logger: Logger
  /** Uniform in [0, 1). */
  random: () => number
  limits?: Partial<QueueLimits>
  /** Milliseconds that a lease lasts without renewal. Default 30,000. */
  leaseMs?: number
  /** Milliseconds that a lease lasts after its link dropped. Default 5,000. */
  graceMs?: number
}

/** What became of one request of a submit. */
export type SubmitReceipt =
  | { task_id: string; state: TaskState; deduplicated: boolean }
  | { error: ErrorFacts }

export interface ListRequest {
  state?: TaskState | TaskState[]
  tool?: string
  principal?: string
  cursor?: string
  /** 1 to `limits.listPage`; that is the default. */
  limit?: number
  order?: 'newest' | 'oldest'
}

export interface QueueStatus {
  counts: Record<TaskState, number>
  /** Tasks that may run now and have no worker yet. */
  ready: number
  /** Tasks that nobody present can run. */
  waiting_for: { tool: string; tasks: number; missing: string }[]
  workers: { peer_id: string; running: number; credits: number; succeeded: number; failed: number }[]
}

/** Milliseconds after which a submit that met a full queue may be tried again. */
const RETRY_FULL_MS = 1_000

/**
 * The task queue of one node: durable in its store, pushed to the workers that granted credits. What is
 * acknowledged is durable; each task has exactly one committed outcome, whatever its workers do.
 */
export class Queue implements WorkOwner {
  readonly #init: QueueInit
  readonly #limits: QueueLimits
  readonly #leaseMs: number
  readonly #commits: GroupCommit<Command, Reply>
  readonly #dispatcher: Dispatcher
  readonly #waiters: ResultWaiters
  readonly #listeners = new Set<(event: TaskEvent) => void>()
  readonly #nextId: () => string
  #submitting = 0
  #state: 'new' | 'open' | 'draining' | 'closed' = 'new'
  #stopRetention = () => {}

  constructor(init: QueueInit) {
    const { clock, logger, random, ownerId, store } = init
    const limits = { ...DEFAULT_QUEUE_LIMITS, ...init.limits }
    this.#init = init
    this.#limits = limits
    this.#leaseMs = init.leaseMs ?? 30_000
    this.#nextId = taskIds(ownerId, clock, random)
    this.#waiters = new ResultWaiters(clock, limits.resultWaiters)
    this.#commits = new GroupCommit(commands => this.#commit(store, commands), limits.commandsPerCommit)
    const commit = (command: Command) => this.#commits.add(command)
    const graceMs = init.graceMs ?? 5_000
    this.#dispatcher = new Dispatcher({
      ownerId,
      clock,
      logger,
      random,
      limits,
      leaseMs: this.#leaseMs,
      graceMs,
      commit,
    })
  }

  /** Reads what the store holds; call it once, before anything else, and `reachable` once peers can come. */
  async start(): Promise<void> {
    const { store, clock, logger } = this.#init
    for await (const page of store.live()) for (const task of page) this.#dispatcher.recover(task)
    this.#state = 'open'
    this.#stopRetention = keepRetention(store, this.#limits.retentionMs, clock, logger)
  }

  /** Peers can reach this owner from now on: what they were running when it ended has the grace from here. */
  reachable(): void {
    this.#dispatcher.reachable()
  }

  /**
   * Takes tasks; resolves when they are durable, with a receipt for each in the same order. A request that does not
   * fit has an error for receipt and stops no other. Rejects when none was taken: `invalid_input` (too many in one
   * submit), `queue_full`, `unavailable`.
   */
  async submit(principal: string, requests: TaskRequest[]): Promise<SubmitReceipt[]> {
    this.#ensureOpen()
    const { tasksPerSubmit, liveTasks, pendingCommands } = this.#limits
    if (requests.length === 0 || requests.length > tasksPerSubmit) {
      throw new InvalidInputError('/tasks', `${requests.length} tasks`, `1 to ${tasksPerSubmit} tasks`)
    }
    if (this.#dispatcher.live + this.#submitting + requests.length > liveTasks) {
      throw new QueueFullError(
        `the queue holds ${this.#dispatcher.live} tasks of at most ${liveTasks}`,
        RETRY_FULL_MS,
      )
    }
    if (this.#commits.pending > pendingCommands) {
      throw new QueueFullError('the store cannot keep up with what is submitted', RETRY_FULL_MS)
    }
    this.#submitting += requests.length
    try {
      const receipts = requests.map(request => this.#submitOne(principal, request))
      return await allReceipts(receipts)
    } finally {
      this.#submitting -= requests.length
    }
  }

  /** Throws `not_found`. */
  async get(taskId: string): Promise<Task> {
    const found = await this.#init.store.get(taskId)
    if (found === undefined) throw new TaskNotFoundError(taskId)
    const { head, params, result } = found
    const task: Task = { ...head, params: JSON.parse(inlineOf(params)) }
    if (result !== undefined) task.result = JSON.parse(inlineOf(result))
    return task
  }

  /**
   * The task, waiting at most `wait_ms` (0 to `limits.resultWaitMs`) for its end; look at its state. Throws
   * `not_found`, `queue_full` (too many wait).
   */
  async result(taskId: string, options: { wait_ms?: number; signal?: AbortSignal } = {}): Promise<Task> {
    const waitMs = Math.min(options.wait_ms ?? 0, this.#limits.resultWaitMs)
    if (waitMs <= 0) return this.get(taskId)
    const { ended, stop } = this.#waiters.wait(taskId, waitMs, options.signal)
    try {
      const task = await this.get(taskId)
      if (TERMINAL_STATES.has(task.state)) return task
      await ended
      return await this.get(taskId)
    } finally {
      stop()
    }
  }

  /** A page of tasks without their params and results, in the order in which they were made. */
  list(request: ListRequest = {}): Promise<TaskPage> {
    const { state, tool, principal, cursor, limit = this.#limits.listPage, order = 'newest' } = request
    if (!Number.isInteger(limit) || limit < 1 || limit > this.#limits.listPage) {
      throw new InvalidInputError('/limit', limit, `1 to ${this.#limits.listPage}`)
    }
    const filter: TaskFilter = { limit, order }
    if (state !== undefined) filter.states = typeof state === 'string' ? [state] : state
    if (tool !== undefined) filter.tool = tool
    if (principal !== undefined) filter.principal = principal
    if (cursor !== undefined) filter.cursor = cursor
    return this.#init.store.list(filter)
  }

  /** Cancels a task that has not ended; a running attempt is told at once. Throws `not_found`, `conflict` (ended). */
  async cancel(taskId: string, reason: string): Promise<Task> {
    this.#ensureOpen()
    const at = this.#init.clock.now()
    const reply = await this.#commits.add({
      kind: 'cancel',
      task_id: taskId,
      at,
      reason: reason.slice(0, 1_000),
    })
    if (reply.changed) return this.get(taskId)
    if (reply.refusal === 'not_found') throw new TaskNotFoundError(taskId)
    throw new TaskEndedError(taskId, reply.state ?? 'unknown')
  }

  async status(): Promise<QueueStatus> {
    const counts = await this.#init.store.counts()
    const dispatcher = this.#dispatcher
    return {
      counts,
      ready: dispatcher.ready,
      waiting_for: dispatcher.waitingFor(),
      workers: dispatcher.workers(),
    }
  }

  /** Why tasks can not be stored now, for a person; undefined while they can. */
  get failure(): string | undefined {
    return this.#init.store.failure ?? this.#dispatcher.failure
  }

  /** The workers that are attached now, as `status` shows them. */
  workers(): QueueStatus['workers'] {
    return this.#dispatcher.workers()
  }

  /** Attempts that a worker could have now if it granted enough. */
  demandOf(peerId: string): number {
    return this.#dispatcher.demandOf(peerId)
  }

  /** Progress of the attempt that runs now. */
  progressOf(taskId: string): Progress | undefined {
    return this.#dispatcher.progressOf(taskId)
  }

  /** Calls `listener` after each committed change, in the order of `seq`; the returned function ends it. */
  onChange(listener: (event: TaskEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  announce(link: WorkerLink, announcement: Announcement): { accepted: number; lease_ms: number } {
    const accepted = this.#state === 'open' ? this.#dispatcher.announce(link, announcement) : 0
    return { accepted, lease_ms: this.#leaseMs }
  }

  async complete(peerId: string, reports: OutcomeReport[]): Promise<OutcomeVerdict[]> {
    if (this.#state === 'closed') throw new QueueClosedError()
    const { clock, random } = this.#init
    return Promise.all(
      reports.map(async ({ task_id, fence, instance_id, outcome }) => {
        const reply = await this.#commits.add({
          kind: 'settle',
          task_id,
          at: clock.now(),
          roll: random(),
          fence,
          peer_id: peerId,
          instance_id,
          outcome: reportedOutcome(outcome, this.#limits),
        })
        if (reply.changed) return 'committed'
        return reply.refusal === 'duplicate' ? 'duplicate' : 'stale_fence'
      }),
    )
  }

  claim(link: WorkerLink, max: number): Promise<Assignment[]> {
    return this.#state === 'open' ? this.#dispatcher.claim(link, max) : Promise.resolve([])
  }

  dropped(link: WorkerLink): void {
    this.#dispatcher.dropped(link)
  }

  /** Takes no more tasks and grants no more leases; resolves when what runs has ended, or on abort. */
  async drain(signal: AbortSignal): Promise<void> {
    if (this.#state === 'open') this.#state = 'draining'
    await this.#dispatcher.drain(signal)
    await this.#commits.settled()
  }

  /** Ends all activity; what was accepted is durable afterwards. The store stays open, it belongs to its opener. */
  async close(): Promise<void> {
    this.#state = 'closed'
    this.#stopRetention()
    this.#dispatcher.close()
    this.#waiters.close()
    await this.#commits.settled()
  }

  async #submitOne(principal: string, request: TaskRequest): Promise<SubmitReceipt> {
    const at = this.#init.clock.now()
    let made: ReturnType<typeof taskFromRequest>
    try {
      const descriptor = this.#init.catalogue.get(request.tool)
      if (descriptor === undefined) throw new InvalidInputError('/tool', request.tool, 'the name of a tool')
      made = taskFromRequest(request, descriptor, {
        task_id: this.#nextId(),
        principal,
        at,
        limits: this.#limits,
      })
    } catch (error) {
      return { error: factsOf(error) }
    }
    const { task, params } = made
    const reply = await this.#commits.add({ kind: 'submit', task_id: task.task_id, at, task, params })
    if (reply.changed) return { task_id: reply.task_id, state: reply.state, deduplicated: false }
    if (reply.refusal === 'duplicate' && reply.state !== undefined) {
      return { task_id: reply.task_id, state: reply.state, deduplicated: true }
    }
    return { error: new IdempotencyConflictError(request.idempotency_key ?? '', reply.task_id).toFacts() }
  }

  /** One transaction, and all that follows from it, before anyone is told. */
  async #commit(store: QueueStore, commands: Command[]): Promise<Reply[]> {
    const replies = await store.apply(commands)
    commands.forEach((command, index) => {
      const reply = replies[index]
      if (reply === undefined) return
      this.#dispatcher.follow(command, reply)
      if (reply.changed) this.#emit(reply)
    })
    this.#dispatcher.pump()
    return replies
  }

  #emit({ task_id, seq, state, at, fence, tool, principal, peer_id }: Changed): void {
    if (TERMINAL_STATES.has(state)) this.#waiters.wake(task_id)
    if (this.#listeners.size === 0) return
    const event: TaskEvent = { task_id, seq, state, at, fence, tool, principal }
    if (peer_id !== undefined) event.peer_id = peer_id
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch (error) {
        this.#init.logger('error', 'a listener of task changes failed', { error: String(error) })
      }
    }
  }

  #ensureOpen(): void {
    if (this.#state !== 'open') throw new QueueClosedError()
  }
}

/** Waits for every receipt, so that no rejection goes unheard, then throws the first. */
async function allReceipts(receipts: Promise<SubmitReceipt>[]): Promise<SubmitReceipt[]> {
  const settled = await Promise.allSettled(receipts)
  return settled.map(each => {
    if (each.status === 'rejected') throw each.reason
    return each.value
  })
}
