import type { Clock } from '../../clock.ts'
import type { Logger } from '../../logger.ts'
import type { Progress } from '../../tools/tool.ts'
import type { Alarm, AlarmClock } from '../alarm-clock.ts'
import type { LogTail } from '../log-tail.ts'
import type { LeaseId, WorkerLink } from '../work.ts'
import type { WorkerSlot } from './worker-slot.ts'

/** A lease that this owner has granted and that has not ended. */
export interface HeldLease {
  readonly task_id: string
  readonly fence: number
  readonly peer_id: string
  readonly instance_id: string
  /** Where the task waited: the place in its lane's gate that the attempt holds. */
  readonly lane: string
  /** When it was granted, on the clock's monotonic scale; none after a restart. */
  readonly grantedAt: number | undefined
  /** The worker whose credit it holds; none while its peer is away. */
  slot: WorkerSlot | undefined
  /** The call under way on the slot's link; none when the outcome can only come by `complete`. */
  call: LeasedCall | undefined
  progress: Progress | undefined
  logs: LogTail | undefined
  expiry: Alarm | undefined
  /** Guards the attempt's own time limit. */
  limit: Alarm | undefined
  /** Its end is being committed, so time can take it no more. */
  isEnding: boolean
}

/** An attempt that its worker is called to run. */
export interface LeasedCall {
  readonly link: WorkerLink
  /** Until the worker has been called: ends the wait of large params for their turn. */
  waiting: AbortController | undefined
}

/** Who a new lease is for, and from where. */
export type LeaseOrigin = Pick<
  HeldLease,
  'task_id' | 'fence' | 'peer_id' | 'instance_id' | 'lane' | 'grantedAt'
>

export function newLease(origin: LeaseOrigin): HeldLease {
  return {
    ...origin,
    slot: undefined,
    call: undefined,
    progress: undefined,
    logs: undefined,
    expiry: undefined,
    limit: undefined,
    isEnding: false,
  }
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

/** One run of one peer: what a lease belongs to, whatever link its session has. */
type Holder = Pick<HeldLease, 'peer_id' | 'instance_id'>

/** The grace is a promise that the task runs again within it, so the lease of a dropped session ends a little earlier. */
const GRACE_SHARE = 0.9

/**
 * The leases held by this owner's workers. Their time is kept in memory, on a clock that never jumps; the store
 * knows only who holds which fence. Renewal is asked by the owner: one question to a link, once in a third of a
 * lease, for all that the link holds. A worker may also say by itself what it still runs.
 */
export class LeaseBook {
  readonly #init: LeaseBookInit
  readonly #held = new Map<string, HeldLease>()
  /** By peer, and by the run of it that has them. */
  readonly #byPeer = new Map<string, Map<string, Set<HeldLease>>>()
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
    this.recover(lease)
    this.#extend(lease, lease.slot === undefined ? this.#init.graceMs : this.#init.leaseMs)
    if (lease.slot !== undefined) this.#planRenewal(lease.slot)
  }

  /** The lease's worker is not told of it yet: its time stands still until `begin`. */
  postpone(lease: HeldLease): void {
    this.#init.alarms.off(lease.expiry)
    this.#init.alarms.off(lease.limit)
  }

  /** Now it is; if its worker is still there, which has the whole lease. */
  begin(lease: HeldLease, slot: WorkerSlot): void {
    if (lease.slot === slot && !lease.isEnding) this.#extend(lease, this.#init.leaseMs)
  }

  /** A lease from before a restart: its time begins with `beginGrace`. */
  recover(lease: HeldLease): void {
    this.#held.set(lease.task_id, lease)
    const { peer_id, instance_id } = lease
    let ofPeer = this.#byPeer.get(peer_id)
    if (ofPeer === undefined) {
      ofPeer = new Map()
      this.#byPeer.set(peer_id, ofPeer)
    }
    const held = ofPeer.get(instance_id)
    if (held === undefined) ofPeer.set(instance_id, new Set([lease]))
    else held.add(lease)
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
    const { peer_id, instance_id } = lease
    const ofPeer = this.#byPeer.get(peer_id)
    const ofRun = ofPeer?.get(instance_id)
    ofRun?.delete(lease)
    if (ofRun?.size === 0) ofPeer?.delete(instance_id)
    if (ofPeer?.size === 0) this.#byPeer.delete(peer_id)
    this.stopClock(lease)
    return lease
  }

  /** The lease's outcome is there, so time can take it no more; `end` it when that is durable. */
  stopClock(lease: HeldLease): void {
    lease.isEnding = true
    this.#init.alarms.off(lease.expiry)
    this.#init.alarms.off(lease.limit)
  }

  /** The slot's link dropped: what it holds has the grace left. */
  orphan(slot: WorkerSlot): void {
    this.#init.alarms.off(this.#renewals.get(slot))
    this.#renewals.delete(slot)
    for (const lease of this.#of(slot)) {
      if (lease.slot !== slot) continue
      lease.slot = undefined
      lease.call = undefined
      this.#extend(lease, this.#init.graceMs * GRACE_SHARE)
    }
  }

  /**
   * An instance came back on a new link: it has its leases again, and says at once which of them it still
   * runs. The others keep the grace, as their outcomes may be on their way.
   */
  retake(slot: WorkerSlot): number {
    let taken = 0
    for (const lease of this.#of(slot)) {
      if (lease.slot !== undefined || lease.isEnding) continue
      lease.slot = slot
      this.#extend(lease, this.#init.graceMs)
      taken += 1
    }
    if (taken > 0) void this.#renew(slot)
    return taken
  }

  /** A peer says that it still runs these; gives a whole lease to those that are still its own, and returns them. */
  heartbeat(peerId: string, leases: readonly LeaseId[]): LeaseId[] {
    return leases.filter(({ task_id, fence }) => {
      const lease = this.#held.get(task_id)
      if (lease?.fence !== fence || lease.peer_id !== peerId || lease.isEnding) return false
      this.#extend(lease, this.#init.leaseMs)
      return true
    })
  }

  /** All that a peer holds and has not ended. */
  ofPeer(peerId: string): LeaseId[] {
    const held = [...this.#held.values()].filter(lease => lease.peer_id === peerId && !lease.isEnding)
    return held.map(({ task_id, fence }) => ({ task_id, fence }))
  }

  #of({ peer_id, instance_id }: Holder): Iterable<HeldLease> {
    return this.#byPeer.get(peer_id)?.get(instance_id) ?? []
  }

  #holdsAny(slot: WorkerSlot): boolean {
    for (const lease of this.#of(slot)) if (lease.slot === slot) return true
    return false
  }

  #extend(lease: HeldLease, ms: number): void {
    if (lease.isEnding) return
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
    if (!this.#holdsAny(slot)) return
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
