import type { Clock } from '../../clock.ts'
import { leaseKey } from '../../queue/lease-key.ts'
import type { Assignment, LeaseId } from '../../queue/work.ts'
import { MAX_BATCH } from './protocol.ts'

export interface ClaimLoopInit {
  claim: (max: number) => Promise<Assignment[]>
  /** Gives those of the leases that are still this worker's. */
  heartbeat: (leases: LeaseId[]) => Promise<LeaseId[]>
  start: (assignments: Assignment[]) => void
  /** Attempts that there is room for now. */
  room: () => number
  /** Leases that run now. */
  live: () => LeaseId[]
  /** The owner says that a lease is over. */
  cancel: (lease: LeaseId) => void
  clock: Clock
  onFailure: (error: unknown) => void
}

/**
 * How a worker takes work that nobody can push to it: it claims as much as it has room for, at once, and again when room
 * came free. An owner that gave less than was asked for has no more; it tells when it has, so nothing is polled.
 */
export class ClaimLoop {
  readonly #init: ClaimLoopInit
  #claiming = false
  #ownerIsEmpty = false
  #toldMeanwhile = false
  #stopHeartbeat: (() => void) | undefined
  #stopped = false

  constructor(init: ClaimLoopInit) {
    this.#init = init
  }

  /** The owner has work again. */
  workWaits(): void {
    this.#ownerIsEmpty = false
    this.#toldMeanwhile = true
    this.roomChanged()
  }

  /** There may be room for more. */
  roomChanged(): void {
    if (!this.#claiming) void this.#claim()
  }

  stop(): void {
    this.#stopped = true
    this.#stopHeartbeat?.()
  }

  async #claim(): Promise<void> {
    this.#claiming = true
    try {
      for (let max = this.#wanted(); max > 0; max = this.#wanted()) {
        this.#toldMeanwhile = false
        const assignments = await this.#init.claim(max)
        this.#ownerIsEmpty = assignments.length < max && !this.#toldMeanwhile
        this.#init.start(assignments)
        this.#planHeartbeat(assignments[0]?.lease.lease_ms)
      }
    } catch (error) {
      if (!this.#stopped) this.#init.onFailure(error)
      this.stop()
    } finally {
      this.#claiming = false
    }
  }

  #wanted(): number {
    return this.#stopped || this.#ownerIsEmpty ? 0 : Math.min(this.#init.room(), MAX_BATCH)
  }

  /** Three in the time of a lease, as long as any runs. */
  #planHeartbeat(leaseMs: number | undefined): void {
    if (leaseMs === undefined || this.#stopped) return
    this.#stopHeartbeat ??= this.#init.clock.after(leaseMs / 3, () => void this.#beat(leaseMs))
  }

  async #beat(leaseMs: number): Promise<void> {
    this.#stopHeartbeat = undefined
    const live = this.#init.live()
    if (live.length === 0) return
    this.#planHeartbeat(leaseMs)
    try {
      const ours = new Set((await this.#init.heartbeat(live)).map(leaseKey))
      for (const lease of live) if (!ours.has(leaseKey(lease))) this.#init.cancel(lease)
    } catch (error) {
      if (!this.#stopped) this.#init.onFailure(error)
      this.stop()
    }
  }
}
