import type { Clock } from '../clock.ts'
import type { Logger } from '../logger.ts'
import type { Catalogue } from '../tools/catalogue.ts'
import type { Json, Progress } from '../tools/tool.ts'
import { type BlobReferences, blobsOfBoth, NO_REFERENCES } from './bodies/blob-references.ts'
import type { Bodies } from './bodies/bodies.ts'
import { ChangeFeed } from './change-feed.ts'
import { Dispatcher } from './dispatch/dispatcher.ts'
import { ReportedOutcomes } from './dispatch/reported-outcomes.ts'
import type { WorkerStats } from './dispatch/worker-roster.ts'
import type { OfferChange, WorkerSlot } from './dispatch/worker-slot.ts'
import {
  QueueClosedError,
  TaskEndedError,
  TaskNotEndedError,
  TaskNotFoundError,
  TaskStartedError,
  WorkerNotFoundError,
} from './errors.ts'
import { DEFAULT_QUEUE_LIMITS, type QueueLimits } from './limits.ts'
import { PauseBook, type PauseFilter, type StandingPause } from './pause-book.ts'
import { Submission, type SubmitReceipt } from './requests/submission.ts'
import { requestFrom } from './requests/task-copy.ts'
import { taskIds } from './requests/task-id.ts'
import { changesFromRequest, type TaskUpdate } from './requests/task-update.ts'
import { ResultWaiters } from './result-waiters.ts'
import { keepRetention } from './retention.ts'
import { eventOf } from './states/changed-reply.ts'
import type { Changed, Command, Reply } from './states/commands.ts'
import { laneKey } from './states/lane.ts'
import { StepTasks } from './step-tasks.ts'
import { type CommitLine, GroupCommit } from './store/group-commit.ts'
import type { EventPage, QueueStore, TaskPage } from './store/store.ts'
import { StoreHealth } from './store/store-health.ts'
import {
  type AttemptLogLine,
  type Task,
  type TaskEvent,
  type TaskHead,
  type TaskRequest,
  type TaskState,
  TERMINAL_STATES,
} from './task.ts'
import { type ListRequest, TaskReader, type TaskResult } from './task-reader.ts'
import type { Pause } from './waiting/pause.ts'
import type {
  Announcement,
  Assignment,
  LeaseId,
  OutcomeReport,
  OutcomeVerdict,
  WorkerLink,
  WorkOwner,
} from './work.ts'

export interface QueueInit {
  store: QueueStore
  /** Large params and results, beside the store. */
  bodies: Bodies
  /** Tools that tasks may name. */
  catalogue: Pick<Catalogue, 'get' | 'list'>
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
  /** Ended tasks that are old are forgotten from when this has resolved, as somebody may still want them; default at once. */
  mayForget?: Promise<unknown>
  /** What else refers to the same blobs, as workflows do; default: nothing. */
  beside?: BlobReferences
}

export interface QueueStatus {
  counts: Record<TaskState, number>
  /** Tasks that wait in their lanes: they may run as soon as a worker has room, unless `waiting_for` says why not. */
  ready: number
  /** What keeps waiting tasks from running beside busy workers. */
  waiting_for: { tool: string; tasks: number; missing: string }[]
  workers: WorkerStats[]
  pauses: readonly StandingPause[]
  /** `degraded`: the store takes no changes, `failure` says why. */
  state: 'ready' | 'draining' | 'degraded'
  failure?: string
}

/**
 * The task queue of one node: durable in its store, pushed to the workers that granted credits. What is
 * acknowledged is durable; each task has exactly one committed outcome, whatever its workers do. Every change rejects
 * with `unavailable` while the store takes none, while the queue drains (submits) or when it is closed.
 */
export class Queue implements WorkOwner {
  readonly #init: QueueInit
  readonly #limits: QueueLimits
  /** Milliseconds that a lease lasts without being renewed. */
  readonly leaseMs: number
  /** Tasks of workflows. */
  readonly steps: StepTasks
  readonly #health: StoreHealth
  readonly #commits: GroupCommit<Command, Reply>
  readonly #dispatcher: Dispatcher
  readonly #submission: Submission
  readonly #outcomes: ReportedOutcomes
  readonly #reader: TaskReader
  readonly #pauses: PauseBook
  readonly #waiters: ResultWaiters
  readonly #changes: ChangeFeed
  /** Tasks that have not ended. */
  #openTasks = 0
  /** The latest resubmit of large params. */
  #lastLarge: Promise<unknown> = Promise.resolve()
  #state: 'new' | 'open' | 'draining' | 'closed' = 'new'
  #stopRetention = () => {}

  constructor(init: QueueInit) {
    const { clock, logger, random, ownerId, store, bodies, catalogue } = init
    const limits = { ...DEFAULT_QUEUE_LIMITS, ...init.limits }
    this.#init = init
    this.#limits = limits
    this.leaseMs = init.leaseMs ?? 30_000
    this.#changes = new ChangeFeed(logger)
    this.#health = new StoreHealth({ store, clock, logger })
    this.#waiters = new ResultWaiters(clock, limits.resultWaiters)
    this.#commits = new GroupCommit(commands => this.#commit(commands), limits.commandsPerCommit, {
      hasPlenty: () => this.#dispatcher.isSated,
      clock,
    })
    this.#dispatcher = new Dispatcher({
      ...init,
      limits,
      leaseMs: this.leaseMs,
      graceMs: init.graceMs ?? 5_000,
      health: this.#health,
      categoryOf: tool => catalogue.get(tool)?.category ?? '',
      commit: (command, line) => this.#add(command, line),
    })
    this.#submission = new Submission({
      catalogue,
      clock,
      limits,
      bodies,
      nextId: taskIds(ownerId, clock, random),
      commit: command => {
        const reply = this.#add(command)
        this.#dispatcher.submitting(command.task)
        return reply
      },
      pending: () => this.#commits.pending,
      openTasks: () => this.#openTasks,
      waiting: this.#dispatcher.waiting,
    })
    this.steps = new StepTasks({
      store,
      submission: this.#submission,
      ensureOpen: () => this.#ensureOpen(),
      cancel: (taskId, reason) => this.#cancel(taskId, reason),
      logger,
    })
    this.#outcomes = new ReportedOutcomes({
      clock,
      random,
      bodies,
      commit: command => this.#add(command),
      logsOf: taskId => this.logsOf(taskId),
    })
    this.#reader = new TaskReader({ store, bodies, waiters: this.#waiters, limits })
    const onChange = (pauses: readonly Pause[]) => this.#dispatcher.waiting.setPauses(pauses)
    this.#pauses = new PauseBook({ store, catalogue, clock, onChange })
  }

  /** Reads what the store holds; call it once, before anything else, and `reachable` once peers can come. */
  async start(): Promise<void> {
    const { store, bodies, logger } = this.#init
    const { scheduled, queued, running } = await store.counts()
    this.#openTasks = scheduled + queued + running
    await this.#pauses.load()
    await this.#dispatcher.recover()
    this.#state = 'open'
    const { beside = NO_REFERENCES } = this.#init
    this.#stopRetention = this.#keepRetention(beside)
    bodies.sweep(blobsOfBoth(store, beside)).catch(error => {
      if (this.#state === 'closed') return
      logger('warning', 'blobs that nothing needs could not be looked for', { error: String(error) })
    })
  }

  /** Peers can reach this owner from now on: what they were running when it ended has the grace from here. */
  reachable(): void {
    this.#dispatcher.attempts.beginGrace()
  }

  /**
   * Takes tasks; resolves when they are durable, with a receipt for each in the same order. A request that does not
   * fit has an error for receipt and stops no other. Rejects when none was taken: `invalid_input` (too many in one
   * submit), `queue_full`, `unavailable`.
   */
  async submit(principal: string, requests: readonly TaskRequest[]): Promise<SubmitReceipt[]> {
    this.#ensureOpen()
    return this.#submission.submit(principal, requests)
  }

  /**
   * Submits an ended task once more as a new one of `principal`, which says where it came from; `changes` go over
   * what the first one asked for. Its idempotency key, its start and its deadline are not taken over. Throws
   * `not_found`, `conflict` (it has not ended), and what `submit` throws.
   */
  async resubmit(
    principal: string,
    taskId: string,
    changes: Partial<TaskRequest> = {},
  ): Promise<SubmitReceipt> {
    this.#ensureOpen()
    const { head, params } = await this.#reader.withParams(taskId)
    if (!TERMINAL_STATES.has(head.state)) throw new TaskNotEndedError(taskId, head.state)
    const submit = async (): Promise<SubmitReceipt> => {
      const given = changes.params ?? JSON.parse(await this.#init.bodies.read(params))
      const request = { ...requestFrom(head, given), ...changes }
      return this.#submission.submitOne(principal, request, { resubmitted_from: taskId })
    }
    if (typeof params === 'string' || changes.params !== undefined) return submit()
    // Large params come one after the other: of many at once each would be in memory twice.
    const receipt = this.#lastLarge.then(submit)
    this.#lastLarge = receipt.catch(() => {})
    return receipt
  }

  /** Throws what `submit` would refuse this request with; keeps nothing. */
  check(principal: string, request: TaskRequest): void {
    this.#submission.check(principal, request)
  }

  /**
   * Submits one task under an idempotency key that no client can use, so that it is made once however often this is
   * called. Rejects as `submit` does.
   */
  async submitOnce(principal: string, request: TaskRequest, reservedKey: string): Promise<SubmitReceipt> {
    this.#ensureOpen()
    return this.#submission.submitOne(principal, request, { reserved_key: reservedKey })
  }

  /** The task whole, with its bodies and the log lines of its attempts. Throws `not_found`, as all that read one task. */
  get(taskId: string): Promise<Task> {
    return this.#reader.get(taskId)
  }

  /** What it was called with. */
  params(taskId: string): Promise<Json> {
    return this.#reader.params(taskId)
  }

  head(taskId: string): Promise<TaskHead> {
    return this.#reader.head(taskId)
  }

  /** The task with the log lines of its attempts, and no body. */
  withLogs(taskId: string): Promise<TaskHead> {
    return this.#reader.withLogs(taskId)
  }

  /**
   * How the task stands, after waiting at most `wait_ms` (0 to `limits.resultWaitMs`) for its end. Throws
   * `queue_full` too (too many wait).
   */
  result(taskId: string, options: { wait_ms?: number; signal?: AbortSignal } = {}): Promise<TaskResult> {
    return this.#reader.result(taskId, options)
  }

  /** A page of tasks without their bodies. Throws `invalid_input` (limit, cursor). */
  list(request: ListRequest = {}): Promise<TaskPage> {
    return this.#reader.list(request)
  }

  /** Cancels a task that has not ended; a running attempt is told at once. Throws `not_found`, `conflict` (ended). */
  async cancel(taskId: string, reason: string): Promise<TaskHead> {
    refuse(await this.#cancel(taskId, reason))
    return this.#reader.head(taskId)
  }

  /**
   * Changes a task that has not started; its priority also between attempts. Throws `not_found`, `conflict` (it has
   * started or ended), `invalid_input`.
   */
  async update(taskId: string, update: TaskUpdate): Promise<TaskHead> {
    const at = this.#init.clock.now()
    const changes = changesFromRequest(update, await this.#reader.head(taskId), at)
    this.#ensureWritable()
    refuse(await this.#add({ kind: 'update', task_id: taskId, at, changes }))
    return this.#reader.head(taskId)
  }

  /** Leases nothing of what the filter names from now on; what runs goes on. Holds over a restart. */
  async pause(filter: PauseFilter): Promise<void> {
    this.#ensureWritable()
    await this.#pauses.pause(filter)
  }

  async resume(filter: PauseFilter): Promise<void> {
    this.#ensureWritable()
    await this.#pauses.resume(filter)
  }

  pauses(): readonly StandingPause[] {
    return this.#pauses.list()
  }

  /** Calls `listener` when something was paused or resumed; the returned function ends it. */
  onPauses(listener: () => void): () => void {
    return this.#pauses.onPauses(listener)
  }

  /** Changes behind `after` (a `seq`; 0: from the oldest kept), at most `limit` (1 to 1,000). */
  events(after: number, limit?: number): Promise<EventPage> {
    return this.#reader.events(after, limit)
  }

  /** Calls `listener` after each committed change, in the order of `seq`; the returned function ends it. */
  onChange(listener: (event: TaskEvent) => void): () => void {
    return this.#changes.onChange(listener)
  }

  async status(): Promise<QueueStatus> {
    const counts = await this.#init.store.counts()
    const { waiting, roster } = this.#dispatcher
    const failure = this.failure
    return {
      counts,
      ready: waiting.size,
      waiting_for: waiting.waitingFor(roster.all()),
      workers: roster.stats(),
      pauses: this.pauses(),
      state: this.#state === 'draining' ? 'draining' : failure === undefined ? 'ready' : 'degraded',
      ...(failure === undefined ? {} : { failure }),
    }
  }

  /** Why tasks can not be stored now, for a person; undefined while they can. */
  get failure(): string | undefined {
    return this.#health.failure
  }

  /** Calls `listener` when `failure` came or went; the returned function ends it. */
  onHealth(listener: (failure: string | undefined) => void): () => void {
    return this.#health.onHealth(listener)
  }

  /** The workers that are attached now. */
  workers(): WorkerStats[] {
    return this.#dispatcher.roster.stats()
  }

  /** What each of them can run. */
  offers(): Iterable<Pick<WorkerSlot, 'peer_id' | 'labels' | 'tools' | 'running' | 'credits'>> {
    return this.#dispatcher.roster.all()
  }

  /** Attempts that a worker could have now if it granted enough. */
  demandOf(peerId: string): number {
    return this.#dispatcher.demandOf(peerId)
  }

  /** Progress of the attempt that runs now. */
  progressOf(taskId: string): Progress | undefined {
    return this.#dispatcher.attempts.progressOf(taskId)
  }

  /** The newest log lines of the attempt that runs now. */
  logsOf(taskId: string): AttemptLogLine[] {
    return this.#dispatcher.attempts.logsOf(taskId)
  }

  /** What a waiting task waits for beside a free worker; undefined when that is all. */
  missingFor(task: TaskHead): string | undefined {
    const { waiting, roster } = this.#dispatcher
    return waiting.missingFor(laneKey(task), roster.all())
  }

  announce(link: WorkerLink, announcement: Announcement): { accepted: number; lease_ms: number } {
    const accepted = this.#state === 'open' ? this.#dispatcher.announce(link, announcement) : 0
    return { accepted, lease_ms: this.leaseMs }
  }

  /**
   * Changes what a peer offers for as long as its link is there, within the credits that it grants; how it offers now.
   * Throws `not_found` when it has announced nothing.
   */
  adjust(peerId: string, change: OfferChange): { credits: number; labels: string[] } {
    const [slot] = this.#dispatcher.adjust(peerId, change)
    if (slot === undefined) throw new WorkerNotFoundError(peerId)
    return { credits: slot.credits, labels: [...slot.labels] }
  }

  /** A peer still runs these (none named: all that it holds); renews those that are still its own, and returns them. */
  heartbeat(peerId: string, leases?: readonly LeaseId[]): LeaseId[] {
    return this.#dispatcher.attempts.heartbeat(peerId, leases)
  }

  async complete(peerId: string, reports: OutcomeReport[]): Promise<OutcomeVerdict[]> {
    this.#ensureWritable()
    return Promise.all(reports.map(report => this.#outcomes.take(peerId, report)))
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
    // While the store takes nothing, what waits for it stays with the workers.
    if (!signal.aborted) await this.#commits.settled()
  }

  /** Ends all activity; what was accepted is durable afterwards. The store stays open, it belongs to its opener. */
  async close(): Promise<void> {
    this.#state = 'closed'
    this.#stopRetention()
    this.#dispatcher.close()
    this.#health.close()
    this.#waiters.close()
    await this.#commits.settled()
    await this.#dispatcher.keep()
  }

  async #cancel(taskId: string, reason: string): Promise<Reply> {
    this.#ensureWritable()
    const at = this.#init.clock.now()
    return this.#add({ kind: 'cancel', task_id: taskId, at, reason: reason.slice(0, 1_000) })
  }

  #keepRetention(beside: BlobReferences): () => void {
    const { store, bodies, mayForget, clock, logger } = this.#init
    const { retentionMs } = this.#limits
    const prune = async (endedBefore: number, max: number) => {
      const { tasks, blobs } = await store.prune(endedBefore, max)
      return { forgotten: tasks, blobs }
    }
    return keepRetention({ what: 'tasks', prune, beside, bodies, retentionMs, mayForget, clock, logger })
  }

  #add(command: Command, line: CommitLine = lineOf(command)): Promise<Reply> {
    return this.#commits.add(command, line)
  }

  /** One transaction, and all that follows from it, before anyone is told. */
  async #commit(commands: Command[]): Promise<Reply[]> {
    let replies: Reply[]
    try {
      replies = await this.#init.store.apply(commands)
    } catch (error) {
      this.#health.failed(error)
      throw error
    }
    commands.forEach((command, index) => {
      const reply = replies[index]
      if (reply === undefined) return
      this.#dispatcher.follow(command, reply)
      if (reply.changed) this.#changed(command, reply)
    })
    return replies
  }

  #changed(command: Command, reply: Changed): void {
    if (command.kind === 'submit') this.#openTasks += 1
    if (TERMINAL_STATES.has(reply.state)) {
      this.#openTasks -= 1
      this.#waiters.wake(reply.task_id)
      this.steps.ended(command, reply)
    }
    if (!this.#changes.isSilent) this.#changes.tell(eventOf(reply))
  }

  #ensureOpen(): void {
    if (this.#state !== 'open') throw new QueueClosedError()
    this.#health.ensureWell()
  }

  #ensureWritable(): void {
    if (this.#state === 'closed') throw new QueueClosedError()
    this.#health.ensureWell()
  }
}

/** Throws why a command changed nothing. */
function refuse(reply: Reply): void {
  if (reply.changed) return
  const { refusal, task_id, state = 'unknown' } = reply
  if (refusal === 'not_found') throw new TaskNotFoundError(task_id)
  throw refusal === 'terminal' ? new TaskEndedError(task_id, state) : new TaskStartedError(task_id, state)
}

function lineOf({ kind }: Command): CommitLine {
  if (kind === 'submit') return 'new'
  return kind === 'lease' ? 'start' : 'end'
}
