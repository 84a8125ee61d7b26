import type { Clock } from '../../clock.ts'
import type { Logger } from '../../logger.ts'
import type { EngineEntry, WorkflowStore } from '../store/store.ts'

/** Milliseconds that an engine lives on after it was heard of last. */
export const LEASE_MS = 10_000
/** A renewal that failed is tried again after this part of the lease. */
const RETRY_PART = 12

export interface EngineLeaseInit {
  store: Pick<WorkflowStore, 'renew' | 'leave'>
  /** Random for each run of a node. */
  engineId: string
  /** Peer id of the node. */
  node: string
  /** Default {@link LEASE_MS}. */
  leaseMs?: number
  clock: Clock
  logger: Logger
  /** After each renewal. `lapsed`: the lease may have been over before it, so that others may have taken what it owned. */
  onRenewed: (lapsed: boolean) => void
}

/**
 * The one lease by which an engine holds all that it owns, renewed each third of it. The store's clock decides who
 * lives; by its own clock an engine only knows when it must no longer count on that, as after a long sleep.
 */
export class EngineLease {
  readonly engineId: string
  readonly leaseMs: number
  readonly #init: EngineLeaseInit
  #engines: readonly EngineEntry[] = []
  /** On the monotonic clock: the lease lasts at least until then. */
  #until = Number.NEGATIVE_INFINITY
  #draining = false
  #closed = false
  #stopTimer = () => {}
  #renewing: Promise<void> | undefined

  constructor(init: EngineLeaseInit) {
    this.#init = init
    this.engineId = init.engineId
    this.leaseMs = init.leaseMs ?? LEASE_MS
  }

  /** The engines of the store at the latest renewal, this one among them. */
  get engines(): readonly EngineEntry[] {
    return this.#engines
  }

  /** False from when the lease may have ended until it is renewed. */
  get isHeld(): boolean {
    return this.#init.clock.monotonic() < this.#until
  }

  get isDraining(): boolean {
    return this.#draining
  }

  /** Engines that take workflows, by their ids. */
  takers(): string[] {
    return this.#engines
      .filter(({ engine_id, alive, draining }) =>
        engine_id === this.engineId ? !this.#draining : alive && !draining,
      )
      .map(({ engine_id }) => engine_id)
  }

  /** Takes the lease; it is renewed from then on. Rejects with `unavailable`. */
  async start(): Promise<void> {
    await this.#renew()
  }

  /** Says to the others that this engine takes no more workflows. Rejects with `unavailable`. */
  async drain(): Promise<void> {
    this.#draining = true
    // One under way may have been sent with what was true before.
    await this.#renewing?.catch(() => {})
    await this.#renew()
  }

  /** Ends the lease at once; what the engine still owns is free. */
  async close(): Promise<void> {
    this.#closed = true
    this.#stopTimer()
    await this.#renewing?.catch(() => {})
    this.#until = Number.NEGATIVE_INFINITY
    await this.#init.store.leave(this.engineId)
  }

  #renew(): Promise<void> {
    this.#stopTimer()
    const renewing = this.#ask().finally(() => {
      if (this.#renewing === renewing) this.#renewing = undefined
    })
    this.#renewing = renewing
    return renewing
  }

  async #ask(): Promise<void> {
    const { store, node, clock, onRenewed } = this.#init
    // From before it is sent: the store cannot count from an earlier moment.
    const until = clock.monotonic() + this.leaseMs
    try {
      this.#engines = await store.renew(
        { engine_id: this.engineId, node, draining: this.#draining },
        this.leaseMs,
      )
    } catch (error) {
      this.#again(this.leaseMs / RETRY_PART)
      throw error
    }
    const lapsed = !this.isHeld
    this.#until = Math.max(this.#until, until)
    this.#again(this.leaseMs / 3)
    if (!this.#closed) onRenewed(lapsed)
  }

  #again(ms: number): void {
    if (this.#closed) return
    this.#stopTimer()
    this.#stopTimer = this.#init.clock.after(ms, () => {
      this.#renew().catch(error => {
        this.#init.logger('warning', 'the lease of this node on its workflows could not be renewed', {
          error: String(error),
          held: this.isHeld,
        })
      })
    })
  }
}
