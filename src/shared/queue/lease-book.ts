import type { Clock } from '../clock.ts'
import type { Logger } from '../logger.ts'
import type { Progress } from '../tools/tool.ts'
import type { Alarm, AlarmClock } from './alarm-clock.ts'
import type { WorkerSlot } from './worker-slot.ts'

/** A lease that this owner has granted and that has not ended. */
export interface HeldLease {
  readonly task_id: string
  readonly fence: number
  readonly peer_id: string
  readonly instance_id: string
  /** The worker whose credit it holds; none while its peer is away. */
  slot: WorkerSlot | undefined
  /** Aborts the call under way on the slot's link; none when the outcome can only come by `complete`. */
  call: AbortController | undefined
  progress: Progress | undefined
  expiry: Alarm | undefined
  /** Guards the attempt's own time limit. */
  limit: Alarm | undefined
}

export interface LeaseBookInit {
  clock: Clock
  alarms: AlarmClock
  logger: Logger
  /** Milliseconds that a lease lasts without being renewed. */
  leaseMs: number
  /** Milliseconds that a lease lasts after its link dropped. */
  graceMs: number
  /** The lease is over without an outcome. */
  onLost: (lease: HeldLease) => void
}

/**
 * The leases held by this owner's workers. Their time is kept in memory, on a clock that never jumps; the store
 * knows only who holds which fence. Renewal is asked by the owner: one question to a link, once in a third of a
 * lease, for all that the link holds.
 */
export class LeaseBook {
  readonly #init: LeaseBookInit
  readonly #held = new Map<string, HeldLease>()
  readonly #renewals = new Map<WorkerSlot, Alarm>()

  constructor(init: LeaseBookInit) {
    this.#init = init
  }

  get size(): number {
    return this.#held.size
  }

  get(taskId: string): HeldLease | undefined {
    return this.#held.get(taskId)
  }

  /** Starts a lease's time: a whole lease on a link, the grace without one. */
  hold(lease: HeldLease): void {
    this.#held.set(lease.task_id, lease)
    this.#extend(lease, lease.slot === undefined ? this.#init.graceMs : this.#init.leaseMs)
    if (lease.slot !== undefined) this.#planRenewal(lease.slot)
  }

  /** A lease from before a restart: its time begins with `beginGrace`. */
  recover(lease: HeldLease): void {
    this.#held.set(lease.task_id, lease)
  }

  /** Workers can come back from now on: the leases of those that have not yet have the grace left. */
  beginGrace(): void {
    for (const lease of this.#held.values()) {
      if (lease.slot === undefined && lease.expiry === undefined) this.#extend(lease, this.#init.graceMs)
    }
  }

  /** Ends a task's lease, whatever the reason; returns it if there was one. */
  end(taskId: string): HeldLease | undefined {
    const lease = this.#held.get(taskId)
    if (lease === undefined) return undefined
    this.#held.delete(taskId)
    this.stopClock(lease)
    return lease
  }

  /** The lease's call has ended, so time can take it no more; `end` it when that is durable. */
  stopClock(lease: HeldLease): void {
    this.#init.alarms.off(lease.expiry)
    this.#init.alarms.off(lease.limit)
  }

  /** The slot's link dropped: what it holds has the grace left. */
  orphan(slot: WorkerSlot): void {
    this.#init.alarms.off(this.#renewals.get(slot))
    this.#renewals.delete(slot)
    for (const lease of this.#of(slot)) {
      lease.slot = undefined
      lease.call = undefined
      this.#extend(lease, this.#init.graceMs)
    }
  }

  /**
   * An instance came back on a new link: it has its leases again, and says at once which of them it still
   * runs. The others keep the grace, as their outcomes may be on their way.
   */
  retake(slot: WorkerSlot): number {
    let taken = 0
    for (const lease of this.#held.values()) {
      if (
        lease.slot !== undefined ||
        lease.peer_id !== slot.peer_id ||
        lease.instance_id !== slot.instance_id
      )
        continue
      lease.slot = slot
      this.#extend(lease, this.#init.graceMs)
      taken += 1
    }
    if (taken > 0) void this.#renew(slot)
    return taken
  }

  *#of(slot: WorkerSlot): Iterable<HeldLease> {
    for (const lease of this.#held.values()) if (lease.slot === slot) yield lease
  }

  #extend(lease: HeldLease, ms: number): void {
    this.#init.alarms.off(lease.expiry)
    lease.expiry = this.#init.alarms.in(ms, () => this.#init.onLost(lease))
  }

  #planRenewal(slot: WorkerSlot): void {
    if (this.#renewals.has(slot)) return
    const alarm = this.#init.alarms.in(this.#init.leaseMs / 3, () => void this.#renew(slot))
    this.#renewals.set(slot, alarm)
  }

  async #renew(slot: WorkerSlot): Promise<void> {
    this.#init.alarms.off(this.#renewals.get(slot))
    this.#renewals.delete(slot)
    if (this.#of(slot)[Symbol.iterator]().next().done) return
    this.#planRenewal(slot)
    const tooLate = new AbortController()
    const stop = this.#init.clock.after(this.#init.leaseMs / 3, () => tooLate.abort())
    try {
      const asked = this.#init.clock.monotonic()
      for (const { task_id, fence, progress } of await slot.link.renew(tooLate.signal)) {
        const lease = this.#held.get(task_id)
        if (lease?.fence !== fence || lease.slot !== slot) continue
        if (progress !== undefined) lease.progress = progress
        // Counted from the question: the answer may have been long on its way.
        this.#extend(lease, asked + this.#init.leaseMs - this.#init.clock.monotonic())
      }
    } catch (error) {
      this.#init.logger('debug', 'a worker did not answer for its leases', {
        peer_id: slot.peer_id,
        error: String(error),
      })
    } finally {
      stop()
    }
  }
}
