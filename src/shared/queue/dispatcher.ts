import type { Clock } from '../clock.ts'
import type { Logger } from '../logger.ts'
import { AlarmClock } from './alarm-clock.ts'
import type { Bodies } from './bodies.ts'
import type { Changed, Command, CommandMap, Reply } from './commands.ts'
import { DueTasks } from './due-tasks.ts'
import { InsistentCommit } from './insistent-commit.ts'
import { laneKey } from './lane.ts'
import type { HeldLease } from './lease-book.ts'
import { type Grant, LeasedAttempts } from './leased-attempts.ts'
import type { QueueLimits } from './limits.ts'
import { Pairing } from './pairing.ts'
import type { QueueStore } from './store.ts'
import type { StoreHealth } from './store-health.ts'
import type { TaskHead } from './task.ts'
import { type Taken, WaitingTasks } from './waiting-tasks.ts'
import type { Announcement, Assignment, WorkerLink } from './work.ts'
import { WorkerRoster } from './worker-roster.ts'
import { type OfferChange, WorkerSlot } from './worker-slot.ts'

export interface DispatcherInit {
  ownerId: string
  clock: Clock
  logger: Logger
  /** Uniform in [0, 1). */
  random: () => number
  limits: QueueLimits
  leaseMs: number
  graceMs: number
  store: QueueStore
  health: StoreHealth
  bodies: Bodies
  categoryOf: (tool: string) => string
  /** Commits a command; `follow` hears of its reply first. */
  commit: (command: Command) => Promise<Reply>
}

/** A lease that is being committed. */
interface Granting {
  readonly taken: Taken
  readonly slot: WorkerSlot
  /** Lanes in which the task is not to be looked for any more: it was taken there. */
  readonly lanes: Set<string>
  readonly onGrant: (lease: HeldLease, grant: Grant) => void
}

/**
 * Pairs waiting tasks with workers that granted credits, the moment both are there: nothing polls and nothing is
 * scanned. It follows the store's changes (`follow`), so its picture is never ahead of what is durable.
 */
export class Dispatcher {
  readonly waiting: WaitingTasks<WorkerSlot>
  readonly attempts: LeasedAttempts
  readonly roster = new WorkerRoster()
  readonly #init: DispatcherInit
  readonly #alarms: AlarmClock
  readonly #commits: InsistentCommit
  readonly #due: DueTasks
  readonly #pairing: Pairing
  readonly #granting = new Map<string, Granting>()
  #draining = false
  #onIdle: (() => void)[] = []

  constructor(init: DispatcherInit) {
    this.#init = init
    const { clock, logger, store, health, categoryOf } = init
    const alarms = new AlarmClock(clock)
    const commits = new InsistentCommit(init.commit, health)
    this.#alarms = alarms
    this.#commits = commits
    this.attempts = new LeasedAttempts({ ...init, alarms, commits, onFree: slot => this.#freed(slot) })
    this.waiting = new WaitingTasks({
      page: (lane, after, limit) => store.waiting(lane, after, limit),
      clock,
      alarms,
      categoryOf,
      logger,
      onReady: workers => this.#pairing.woke(workers),
    })
    this.#pairing = new Pairing({
      roster: this.roster,
      waiting: this.waiting,
      rests: () => this.#rests,
      lease: (taken, slot) => {
        const lanes = new Set([taken.lane])
        void this.#grant(taken, slot, lanes, (lease, grant) => void this.attempts.run(lease, slot, grant))
      },
    })
    this.#due = new DueTasks({
      page: (after, limit) => store.due(after, limit),
      onDue: task_id => commits.change({ kind: 'due', task_id, at: clock.now() }),
      clock,
      alarms,
      logger,
    })
    health.onHealth(failure => {
      if (failure === undefined) this.#pairing.plan()
    })
  }

  /**
   * Reads what the store holds. A lease of this owner's own workers died with its last process; what peers hold
   * has the grace from `attempts.beginGrace`.
   */
  async recover(): Promise<void> {
    const { store, ownerId } = this.#init
    this.waiting.recover(await store.lanes(), await lastChange(store))
    for await (const page of store.running()) {
      for (const task of page) {
        const attempt = task.attempts.at(-1)
        if (attempt === undefined) continue
        this.waiting.restored(laneKey(task))
        const lease = this.attempts.recover(task, attempt)
        if (attempt.peer_id === ownerId) this.attempts.release(lease, 'lost')
      }
    }
    await this.#due.start()
  }

  /** What was committed, in the order of `seq`; once for each change. */
  follow(command: Command, reply: Reply): void {
    if (!reply.changed) {
      if (command.kind === 'lease') this.#notGranted(command.task_id)
      return
    }
    const { task_id, order, lane, left, queued_at = reply.at } = reply
    this.#due.set(task_id, order, reply.due_at)
    if (left !== undefined) this.#left(task_id, order, left)
    if (command.kind === 'lease') {
      this.#granted(command, reply)
      return
    }
    const lease = this.attempts.end(task_id, command.kind)
    if (lease !== undefined) this.waiting.ended(lease.lane)
    this.#count(command, lease)
    if (lane !== undefined) this.waiting.arrive(lane, { task_id, order, queued_at })
    this.#noticeIdle()
  }

  /**
   * A task is being submitted: if a worker stands ready for it, its lease is a part of the same commit. Call it right
   * after the submit was added.
   */
  submitting(task: TaskHead): void {
    if (this.roster.free.size === 0 || task.run_at !== undefined || this.#rests) return
    const found = this.waiting.takeNew(laneKey(task), task.task_id, this.roster.free)
    if (found === undefined) return
    const { worker, taken } = found
    void this.#grant(taken, worker, new Set(), (lease, grant) => void this.attempts.run(lease, worker, grant))
  }

  announce(link: WorkerLink, announcement: Announcement): number {
    const { limits, clock } = this.#init
    let slot = this.roster.get(link)
    if (slot === undefined) {
      if (this.roster.size >= limits.workers) return 0
      this.#dropOthers(link, announcement.instance_id)
      slot = new WorkerSlot(link, clock.now())
      this.roster.add(slot)
    }
    const accepted = this.#draining ? 0 : Math.min(announcement.credits, limits.creditsPerWorker)
    slot.update(announcement, accepted)
    slot.running += this.attempts.retake(slot)
    this.#offerChanged(slot)
    return accepted
  }

  /** Changes what a peer's workers offer, for as long as their links are there; those it has. */
  adjust(peerId: string, change: OfferChange): readonly WorkerSlot[] {
    const slots = this.roster.of(peerId)
    for (const slot of slots) {
      slot.adjust(change)
      this.#offerChanged(slot)
    }
    return slots
  }

  dropped(link: WorkerLink): void {
    const slot = this.roster.get(link)
    if (slot === undefined) return
    this.roster.remove(slot)
    this.waiting.removeWorker(slot)
    this.#pairing.left(slot)
    this.attempts.orphan(slot)
  }

  /**
   * Leases at most `max` tasks, in one commit, to a worker that comes for them; their outcomes come by `complete`. None
   * when the store fails meanwhile: what it grants in the end is given back.
   */
  async claim(link: WorkerLink, max: number): Promise<Assignment[]> {
    const slot = this.roster.get(link)
    if (slot === undefined) return []
    let isOver = false
    const assignments: Promise<Assignment | undefined>[] = []
    const onGrant = (lease: HeldLease, grant: Grant) => {
      if (isOver) this.attempts.release(lease, 'given_back')
      else assignments.push(this.attempts.assign(lease, slot, grant))
    }
    const grants: Promise<unknown>[] = []
    const most = Math.min(max, this.#init.limits.creditsPerWorker) - slot.running
    while (grants.length < most && !this.#rests) {
      const taken = this.waiting.take(slot)
      if (taken === undefined) break
      grants.push(this.#grant(taken, slot, new Set([taken.lane]), onGrant))
    }
    this.#pairing.pulled(slot, grants.length >= most)
    if (grants.length > 0) await this.#init.health.whileWell(Promise.all(grants))
    isOver = true
    return (await Promise.all(assignments)).filter(each => each !== undefined)
  }

  /** Attempts that a worker could have now if it granted enough: those that run there, and ready tasks that fit it. */
  demandOf(peerId: string): number {
    let demand = 0
    for (const slot of this.roster.of(peerId)) demand += slot.running + this.waiting.readyFor(slot)
    return demand
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
    this.waiting.close()
    this.#alarms.close()
  }

  get #isIdle(): boolean {
    return this.attempts.size === 0 && this.#granting.size === 0
  }

  /** No leases are granted now. */
  get #rests(): boolean {
    return this.#draining || this.#init.health.failure !== undefined
  }

  #grant(
    taken: Taken,
    slot: WorkerSlot,
    lanes: Granting['lanes'],
    onGrant: Granting['onGrant'],
  ): Promise<unknown> {
    const { task_id, lane } = taken
    const earlier = this.#granting.get(task_id)
    if (earlier !== undefined) {
      // It went to another lane while its lease is being committed.
      earlier.lanes.add(lane)
      this.waiting.giveUp(taken)
      return Promise.resolve()
    }
    slot.running += 1
    this.roster.changed(slot)
    this.#granting.set(task_id, { taken, slot, lanes, onGrant })
    const { peer_id, instance_id } = slot
    const at = this.#init.clock.now()
    return this.#commits.change({ kind: 'lease', task_id, at, peer_id, instance_id })
  }

  #left(taskId: string, order: number, lane: string): void {
    if (this.#granting.get(taskId)?.lanes.delete(lane)) return
    this.waiting.leave(lane, order)
  }

  #notGranted(taskId: string): void {
    const granting = this.#granting.get(taskId)
    if (granting === undefined) return
    this.#granting.delete(taskId)
    this.waiting.giveUp(granting.taken)
    granting.slot.running -= 1
    this.#freed(granting.slot)
    this.#noticeIdle()
  }

  #granted({ task_id, peer_id, instance_id }: CommandMap['lease'], reply: Changed): void {
    const granting = this.#granting.get(task_id)
    this.#granting.delete(task_id)
    const grant = this.#grantOf(reply)
    if (granting === undefined || grant === undefined) return
    const { taken, slot, onGrant } = granting
    const isThere = this.roster.has(slot)
    const origin = { task_id, fence: reply.fence, peer_id, instance_id, lane: taken.lane }
    const lease = this.attempts.hold(origin, grant.attemptTimeoutMs, isThere ? slot : undefined)
    if (isThere) onGrant(lease, grant)
    else this.attempts.release(lease, 'given_back')
  }

  #grantOf({ task_id, fence, tool, granted }: Changed): (Grant & { attemptTimeoutMs: number }) | undefined {
    if (granted === undefined) return undefined
    const { attempt, attempt_timeout_ms, deadline = Number.POSITIVE_INFINITY, params } = granted
    const left = Math.max(deadline - this.#init.clock.now(), 1)
    const deadline_ms = Math.min(attempt_timeout_ms, left)
    const terms = { task_id, attempt, fence, lease_ms: this.#init.leaseMs, deadline_ms }
    return { terms, tool, params, attemptTimeoutMs: attempt_timeout_ms }
  }

  #count(command: Command, lease: HeldLease | undefined): void {
    if (command.kind === 'release' && command.cause === 'lost' && lease !== undefined)
      this.roster.figuresOf(lease.peer_id).lost += 1
    if (command.kind !== 'settle' || command.outcome.state === 'cancelled') return
    const figures = this.roster.figuresOf(command.peer_id)
    figures[command.outcome.state] += 1
    if (lease?.grantedAt !== undefined) figures.took(this.#init.clock.monotonic() - lease.grantedAt)
  }

  #freed(slot: WorkerSlot): void {
    if (!this.roster.has(slot)) return
    this.roster.changed(slot)
    this.#pairing.freed(slot)
  }

  #offerChanged(slot: WorkerSlot): void {
    this.waiting.setWorker(slot)
    this.#freed(slot)
  }

  /** A reconnect may be noticed before the drop: the instance's older link is gone. */
  #dropOthers(link: WorkerLink, instanceId: string): void {
    for (const slot of this.roster.of(link.peer_id)) {
      if (slot.instance_id === instanceId) this.dropped(slot.link)
    }
  }

  #noticeIdle(): void {
    if (this.#isIdle) for (const resolve of this.#onIdle.splice(0)) resolve()
  }
}

/** When the store was changed last, epoch milliseconds; 0: nothing is known. */
async function lastChange(store: QueueStore): Promise<number> {
  const { last } = await store.events(0, 1)
  const { events } = await store.events(last - 1, 1)
  return events[0]?.at ?? 0
}
