import type { Clock } from '../../clock.ts'
import type { Logger } from '../../logger.ts'
import { AlarmClock } from '../alarm-clock.ts'
import type { Bodies } from '../bodies/bodies.ts'
import type { QueueLimits } from '../limits.ts'
import type { Command, Reply } from '../states/commands.ts'
import { laneKey } from '../states/lane.ts'
import type { CommitLine } from '../store/group-commit.ts'
import { InsistentCommit } from '../store/insistent-commit.ts'
import type { QueueStore } from '../store/store.ts'
import type { StoreHealth } from '../store/store-health.ts'
import type { TaskHead } from '../task.ts'
import { WaitingTasks } from '../waiting/waiting-tasks.ts'
import type { Announcement, Assignment, WorkerLink } from '../work.ts'
import { DueTasks } from './due-tasks.ts'
import type { HeldLease } from './lease-book.ts'
import { LeaseGrants } from './lease-grants.ts'
import { type Grant, LeasedAttempts } from './leased-attempts.ts'
import { Pairing } from './pairing.ts'
import { RateMemory } from './rate-memory.ts'
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
  /** Commits a command, in the line of its kind unless another is named; `follow` hears of its reply first. */
  commit: (command: Command, line?: CommitLine) => Promise<Reply>
}

/** Tasks that wait while every worker is busy, beyond which there is plenty to do. */
const PLENTY = 256

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
  readonly #due: DueTasks
  readonly #pairing: Pairing
  readonly #grants: LeaseGrants
  readonly #rates: RateMemory
  #draining = false
  #onIdle: (() => void)[] = []

  constructor(init: DispatcherInit) {
    this.#init = init
    const { clock, logger, store, health, categoryOf } = init
    const alarms = new AlarmClock(clock)
    const commits = new InsistentCommit(init.commit, health)
    this.#alarms = alarms
    this.#rates = new RateMemory(init)
    this.attempts = new LeasedAttempts({ ...init, alarms, commits, onFree: slot => this.#freed(slot) })
    this.waiting = new WaitingTasks({
      page: (lane, after, limit) => store.waiting(lane, after, limit),
      clock,
      alarms,
      categoryOf,
      logger,
      onReady: workers => this.#pairing.woke(workers),
    })
    this.#grants = new LeaseGrants({
      clock,
      commits,
      leaseMs: init.leaseMs,
      waiting: this.waiting,
      roster: this.roster,
      attempts: this.attempts,
      onFree: slot => this.#freed(slot),
    })
    this.#pairing = new Pairing({
      roster: this.roster,
      waiting: this.waiting,
      rests: () => this.#rests,
      lease: (taken, slot) => {
        void this.#grants.grant(taken, slot, (lease, grant) => void this.attempts.run(lease, slot, grant))
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
    this.waiting.recover(await store.lanes(), await this.#rates.load())
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
      if (command.kind === 'lease') {
        this.#grants.refused(command.task_id)
        this.#noticeIdle()
      }
      return
    }
    const { task_id, order, lane, left, queued_at = reply.at } = reply
    this.#due.set(task_id, order, reply.due_at)
    if (left !== undefined && !this.#grants.took(task_id, left)) this.waiting.leave(left, order)
    if (command.kind === 'lease') {
      this.#grants.granted(command, reply)
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
    void this.#grants.grantNew(taken, worker, (lease, grant) => void this.attempts.run(lease, worker, grant))
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
    let bytes = 0
    const onGrant = (lease: HeldLease, grant: Grant) => {
      const size = typeof grant.params === 'string' ? 0 : grant.params.size
      // One answer carries it all, so it has half of the room (as much as the largest body), or one that needs more.
      const isTooMuch = bytes > 0 && bytes + size > this.#init.limits.largeInputBytes / 2
      if (isOver || isTooMuch) this.attempts.release(lease, 'given_back')
      else {
        bytes += size
        assignments.push(this.attempts.assign(lease, slot, grant))
      }
    }
    const grants: Promise<unknown>[] = []
    const most = Math.min(max, this.#init.limits.creditsPerWorker - slot.running)
    while (grants.length < most && !this.#rests) {
      const taken = this.waiting.take(slot)
      if (taken === undefined) break
      grants.push(this.#grants.grant(taken, slot, onGrant))
    }
    this.#pairing.pulled(slot, grants.length >= max)
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

  /** Every worker has all that it takes, and plenty waits: new work may wait behind what attempts need. */
  get isSated(): boolean {
    return this.roster.free.size === 0 && this.waiting.size > PLENTY
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

  /** After `close` and the last commit: keeps what the next run has to know. */
  async keep(): Promise<void> {
    await this.#rates.save(this.waiting.pastStarts)
  }

  get #isIdle(): boolean {
    return this.attempts.size === 0 && this.#grants.size === 0
  }

  /** No leases are granted now. */
  get #rests(): boolean {
    return this.#draining || this.#init.health.failure !== undefined
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
