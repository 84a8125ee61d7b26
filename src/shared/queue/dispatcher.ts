import type { Clock } from '../clock.ts'
import type { Logger } from '../logger.ts'
import type { Json, Progress } from '../tools/tool.ts'
import { AlarmClock } from './alarm-clock.ts'
import {
  type Changed,
  type Command,
  type CommandMap,
  inlineOf,
  type Reply,
  type ReportedOutcome,
} from './commands.ts'
import { LinkLostError } from './errors.ts'
import { InsistentCommit, STORE_RETRY_MS } from './insistent-commit.ts'
import { type HeldLease, LeaseBook } from './lease-book.ts'
import type { QueueLimits } from './limits.ts'
import { LiveTasks } from './live-tasks.ts'
import { reportedOutcome } from './reported-outcome.ts'
import { type TaskHead, TERMINAL_STATES } from './task.ts'
import type { Announcement, Assignment, Lease, WorkerLink } from './work.ts'
import { WorkerSlot } from './worker-slot.ts'

export interface DispatcherInit {
  ownerId: string
  clock: Clock
  logger: Logger
  /** Uniform in [0, 1). */
  random: () => number
  limits: QueueLimits
  leaseMs: number
  graceMs: number
  /** Commits a command; `follow` hears of its reply first. */
  commit: (command: Command) => Promise<Reply>
}

/** Milliseconds after an attempt's own limit until the owner gives up on it: the worker ends it first. */
const LIMIT_MARGIN_MS = 5_000

/** What is done with a lease once it is durable. */
type OnGrant = (lease: HeldLease, assignment: Assignment) => void

/**
 * Pairs ready tasks with workers that granted credits, the moment both are there: nothing polls and nothing is
 * scanned. It follows the store's changes (`follow`), so its picture is never ahead of what is durable.
 */
export class Dispatcher {
  readonly #init: DispatcherInit
  readonly #alarms: AlarmClock
  readonly #leases: LeaseBook
  readonly #commits: InsistentCommit
  readonly #tasks: LiveTasks
  readonly #slots = new Map<WorkerLink, WorkerSlot>()
  /** Workers that may have both a free credit and a task. */
  readonly #hungry = new Set<WorkerSlot>()
  /** Who a lease that is being committed is for. */
  readonly #granting = new Map<string, { slot: WorkerSlot; onGrant: OnGrant }>()
  #draining = false
  #onIdle: (() => void)[] = []

  constructor(init: DispatcherInit) {
    this.#init = init
    this.#alarms = new AlarmClock(init.clock)
    const { clock, logger, leaseMs, graceMs } = init
    const alarms = this.#alarms
    this.#commits = new InsistentCommit(init.commit, alarms, logger)
    const onLost = (lease: HeldLease) => this.#release(lease, 'lost')
    this.#leases = new LeaseBook({ clock, alarms, logger, leaseMs, graceMs, onLost })
    this.#tasks = new LiveTasks({
      clock,
      alarms,
      change: command => void this.#commits.change(command),
      onReady: (workers, byTime) => {
        for (const slot of workers) if (slot.isFree) this.#hungry.add(slot)
        if (byTime) this.pump()
      },
    })
  }

  /** Tasks that have not ended. */
  get live(): number {
    return this.#tasks.size
  }

  get ready(): number {
    return this.#tasks.ready
  }

  /** Why changes wait for the store now, for a person; undefined when none does. */
  get failure(): string | undefined {
    return this.#commits.failure
  }

  progressOf(taskId: string): Progress | undefined {
    return this.#leases.get(taskId)?.progress
  }

  /** A task found in the store at start. A lease of this owner's own workers died with its last process. */
  recover(task: TaskHead): void {
    this.#tasks.track(task)
    const attempt = task.attempts.at(-1)
    if (task.state !== 'running' || attempt === undefined) {
      this.#tasks.place(task.task_id, task, task.queued_at ?? 0)
      return
    }
    const { peer_id, instance_id } = attempt
    const lease = newLease(task.task_id, task.fence, peer_id, instance_id)
    if (peer_id === this.#init.ownerId) {
      this.#release(lease, 'lost')
      return
    }
    // Its worker may have ended in time and not been able to say so: it has the grace for that.
    const end = attempt.started_at + task.attempt_timeout_ms + LIMIT_MARGIN_MS
    const limit = Math.max(end, this.#init.clock.now() + LIMIT_MARGIN_MS + this.#init.graceMs)
    lease.limit = this.#alarms.at(limit, () => this.#release(lease, 'timed_out'))
    this.#leases.recover(lease)
  }

  /** Workers can come back from now on. */
  reachable(): void {
    this.#leases.beginGrace()
  }

  /** What was committed, in the order of `seq`; once for each change. */
  follow(command: Command, reply: Reply): void {
    if (!reply.changed) {
      if (command.kind === 'lease') this.#notGranted(command.task_id, reply.refusal === 'not_due')
      return
    }
    if (command.kind === 'submit') this.#tasks.track(command.task)
    if (command.kind === 'lease') {
      this.#granted(command, reply)
      return
    }
    const lease = this.#leases.end(reply.task_id)
    if (lease !== undefined) this.#stop(lease, command)
    if (TERMINAL_STATES.has(reply.state)) this.#tasks.forget(reply.task_id)
    else this.#tasks.place(reply.task_id, reply, reply.at)
    this.#noticeIdle()
  }

  /** Gives ready tasks to free workers, one to each in turn. Call it after a batch was followed. */
  pump(): void {
    if (this.#draining) return
    while (this.#hungry.size > 0) {
      for (const slot of [...this.#hungry]) {
        const taskId = slot.isFree ? this.#tasks.take(slot) : undefined
        if (taskId === undefined) this.#hungry.delete(slot)
        else this.#grant(taskId, slot, (lease, assignment) => void this.#run(lease, slot, assignment))
      }
    }
  }

  announce(link: WorkerLink, announcement: Announcement): number {
    const { limits } = this.#init
    let slot = this.#slots.get(link)
    if (slot === undefined) {
      if (this.#slots.size >= limits.workers) return 0
      this.#dropOthers(link, announcement.instance_id)
      slot = new WorkerSlot(link)
      this.#slots.set(link, slot)
    }
    const accepted = this.#draining ? 0 : Math.min(announcement.credits, limits.creditsPerWorker)
    slot.update(announcement, accepted)
    slot.running += this.#leases.retake(slot)
    this.#tasks.setWorker(slot)
    this.#hungry.add(slot)
    this.pump()
    return accepted
  }

  dropped(link: WorkerLink): void {
    const slot = this.#slots.get(link)
    if (slot === undefined) return
    this.#slots.delete(link)
    this.#hungry.delete(slot)
    this.#tasks.removeWorker(slot)
    this.#leases.orphan(slot)
  }

  /** Leases at most `max` tasks to a worker that comes for them; their outcomes come by `complete`. */
  async claim(link: WorkerLink, max: number): Promise<Assignment[]> {
    const slot = this.#slots.get(link)
    if (slot === undefined || this.#draining) return []
    const assignments: Assignment[] = []
    const grants: Promise<unknown>[] = []
    const most = Math.min(max, this.#init.limits.creditsPerWorker) - slot.running
    for (let index = 0; index < most; index++) {
      const taskId = this.#tasks.take(slot)
      if (taskId === undefined) break
      grants.push(this.#grant(taskId, slot, (_lease, assignment) => assignments.push(assignment)))
    }
    await Promise.all(grants)
    return assignments
  }

  workers() {
    return [...this.#slots.values()].map(({ peer_id, running, credits, succeeded, failed }) => {
      return { peer_id, running, credits, succeeded, failed }
    })
  }

  /** Attempts that a worker could have now if it granted enough: those that run there, and ready tasks that fit it. */
  demandOf(peerId: string): number {
    let demand = 0
    for (const slot of this.#slots.values()) {
      if (slot.peer_id === peerId) demand += slot.running + this.#tasks.readyFor(slot)
    }
    return demand
  }

  /** Ready tasks that nobody present can run, and what is missing. */
  waitingFor() {
    return this.#tasks.waitingFor(this.#slots.values())
  }

  /** Grants no more leases; resolves when those that are held have ended, or on abort. */
  async drain(signal: AbortSignal): Promise<void> {
    this.#draining = true
    if (signal.aborted || this.#isIdle) return
    await new Promise<void>(resolve => {
      this.#onIdle.push(resolve)
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  close(): void {
    this.#draining = true
    this.#commits.close()
    this.#alarms.close()
  }

  get #isIdle(): boolean {
    return this.#leases.size === 0 && this.#granting.size === 0
  }

  #grant(taskId: string, slot: WorkerSlot, onGrant: OnGrant): Promise<unknown> {
    slot.running += 1
    this.#granting.set(taskId, { slot, onGrant })
    const { peer_id, instance_id } = slot
    return this.#commits.change({
      kind: 'lease',
      task_id: taskId,
      at: this.#init.clock.now(),
      peer_id,
      instance_id,
    })
  }

  #notGranted(taskId: string, early: boolean): void {
    const granting = this.#granting.get(taskId)
    this.#granting.delete(taskId)
    if (granting !== undefined) this.#free(granting.slot)
    // The wall clock was set back since it was made ready.
    if (early) {
      const now = this.#init.clock.now()
      this.#tasks.place(taskId, { state: 'queued', run_at: now + STORE_RETRY_MS }, now)
    }
    this.#noticeIdle()
  }

  #granted(command: CommandMap['lease'], reply: Changed): void {
    const granting = this.#granting.get(reply.task_id)
    this.#granting.delete(reply.task_id)
    if (granting === undefined || reply.granted === undefined) return
    this.#tasks.leased(reply.task_id)
    const { attempt, attempt_timeout_ms, deadline, params } = reply.granted
    const { slot, onGrant } = granting
    const lease = newLease(reply.task_id, reply.fence, command.peer_id, command.instance_id)
    if (this.#slots.get(slot.link) !== slot) {
      this.#release(lease, 'given_back')
      return
    }
    lease.slot = slot
    this.#leases.hold(lease)
    const left = deadline === undefined ? attempt_timeout_ms : Math.max(deadline - this.#init.clock.now(), 1)
    const deadline_ms = Math.min(attempt_timeout_ms, left)
    lease.limit = this.#alarms.in(attempt_timeout_ms + LIMIT_MARGIN_MS, () =>
      this.#release(lease, 'timed_out'),
    )
    const input: Json = JSON.parse(inlineOf(params))
    const { leaseMs } = this.#init
    const terms: Lease = {
      task_id: reply.task_id,
      attempt,
      fence: reply.fence,
      lease_ms: leaseMs,
      deadline_ms,
    }
    onGrant(lease, { lease: terms, tool: reply.tool, input })
  }

  /** One attempt on its worker: its outcome frees the credit at once, so that the next lease joins its commit. */
  async #run(lease: HeldLease, slot: WorkerSlot, assignment: Assignment): Promise<void> {
    const call = new AbortController()
    lease.call = call
    const onProgress = (progress: Progress) => {
      lease.progress = progress
    }
    try {
      const outcome = await slot.link.run(assignment, { onProgress }, call.signal)
      this.#ended(lease, slot)
      if (outcome.state === 'succeeded') slot.succeeded += 1
      else slot.failed += 1
      void this.#settle(lease, slot.link, reportedOutcome(outcome, this.#init.limits))
    } catch (error) {
      if (error instanceof LinkLostError) return
      this.#init.logger('warning', 'a worker failed without an outcome', {
        ...idsOf(lease),
        error: String(error),
      })
      this.#ended(lease, slot)
      this.#release(lease, 'lost')
    } finally {
      if (lease.call === call) lease.call = undefined
      this.pump()
    }
  }

  /** The lease has ended by `command`; its credit is free now, or when its call has ended. */
  #stop(lease: HeldLease, command: Command): void {
    if (lease.call !== undefined) lease.call.abort(new Error(`the lease ended: ${command.kind}`))
    else if (lease.slot !== undefined) this.#free(lease.slot)
  }

  /** The call has ended: its credit is free, and what is left of the lease is to commit its end. */
  #ended(lease: HeldLease, slot: WorkerSlot): void {
    // After a reconnect the lease may hold a credit of the new link, which its end in the book frees.
    if (lease.slot === slot) lease.slot = undefined
    this.#leases.stopClock(lease)
    this.#free(slot)
  }

  #free(slot: WorkerSlot): void {
    slot.running -= 1
    if (this.#slots.get(slot.link) === slot && slot.isFree) this.#hungry.add(slot)
  }

  /** The worker keeps the outcome until it hears that the store has had it, whatever the verdict. */
  async #settle(lease: HeldLease, link: WorkerLink, outcome: ReportedOutcome): Promise<void> {
    const { task_id, fence, peer_id, instance_id } = lease
    const from = { task_id, fence, peer_id, instance_id, ...this.#now() }
    const reply = await this.#commits.change({ kind: 'settle', ...from, outcome })
    if (reply !== undefined) link.settled({ task_id, fence })
  }

  #release({ task_id, fence }: HeldLease, cause: CommandMap['release']['cause']): void {
    void this.#commits.change({ kind: 'release', task_id, fence, ...this.#now(), cause })
  }

  #now(): { at: number; roll: number } {
    return { at: this.#init.clock.now(), roll: this.#init.random() }
  }

  /** A reconnect may be noticed before the drop: the instance's older link is gone. */
  #dropOthers(link: WorkerLink, instanceId: string): void {
    for (const slot of [...this.#slots.values()]) {
      if (slot.peer_id === link.peer_id && slot.instance_id === instanceId) this.dropped(slot.link)
    }
  }

  #noticeIdle(): void {
    if (this.#isIdle) for (const resolve of this.#onIdle.splice(0)) resolve()
  }
}

function newLease(task_id: string, fence: number, peer_id: string, instance_id: string): HeldLease {
  const none = { slot: undefined, call: undefined, progress: undefined, expiry: undefined, limit: undefined }
  return { task_id, fence, peer_id, instance_id, ...none }
}

function idsOf({ task_id, fence, peer_id }: HeldLease) {
  return { task_id, fence, peer_id }
}
