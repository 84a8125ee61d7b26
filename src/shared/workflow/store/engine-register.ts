import type { Clock } from '../../clock.ts'
import type { EngineEntry } from './store.ts'

interface Engine {
  engine_id: string
  node: string
  draining: boolean
  /** By the clock's monotonic time, milliseconds. */
  alive_until: number
  lease_ms: number
}

/** An engine that owns nothing is forgotten this many leases after its last one ended. */
const FORGET_AFTER_LEASES = 10

/** The engines of a store that one process alone has open: those of other processes can not live. */
export class EngineRegister {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #engines = new Map<string, Engine>()

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  /** See `WorkflowStore.renew`. */
  renew(engine: Pick<Engine, 'engine_id' | 'node' | 'draining'>, leaseMs: number): void {
    const { engine_id, node, draining } = engine
    const alive_until = this.#clock.monotonic() + leaseMs
    this.#engines.set(engine_id, { engine_id, node, draining, alive_until, lease_ms: leaseMs })
  }

  leave(engineId: string): void {
    this.#engines.delete(engineId)
  }

  isAlive(engineId: string | undefined): boolean {
    const engine = engineId === undefined ? undefined : this.#engines.get(engineId)
    return engine !== undefined && engine.alive_until > this.#clock.monotonic()
  }

  entries(): EngineEntry[] {
    return [...this.#engines.values()].map(({ engine_id, node, draining }) => {
      return { engine_id, node, draining, alive: this.isAlive(engine_id) }
    })
  }

  /** Those whose lease ended long ago. */
  forgettable(): string[] {
    const now = this.#clock.monotonic()
    return [...this.#engines.values()]
      .filter(({ alive_until, lease_ms }) => alive_until + FORGET_AFTER_LEASES * lease_ms <= now)
      .map(({ engine_id }) => engine_id)
  }

  /** Forgets those of `engineIds` that own nothing. */
  forget(engineIds: readonly string[], owners: ReadonlySet<string>): void {
    for (const id of engineIds) if (!owners.has(id)) this.#engines.delete(id)
  }
}
