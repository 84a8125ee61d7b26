import type { Clock } from '../../clock.ts'
import { LeaseMap } from '../lease-map.ts'
import type { LeaseId } from '../work.ts'

interface Waiting {
  lease: LeaseId
  /** When it is overdue, on the monotonic clock. */
  due: number
}

/**
 * Outcomes that were answered and have no verdict yet. All have the same time for it, so the oldest of an owner is due
 * first and one timer does for all.
 */
export class VerdictWait {
  readonly #clock: Clock
  readonly #ms: number
  readonly #onOverdue: (owner: string) => void
  readonly #byOwner = new Map<string, LeaseMap<Waiting>>()
  #stop: (() => void) | undefined

  /** `onOverdue` is called once for each owner that let outcomes wait for longer than `ms` milliseconds. */
  constructor(clock: Clock, ms: number, onOverdue: (owner: string) => void) {
    this.#clock = clock
    this.#ms = ms
    this.#onOverdue = onOverdue
  }

  add(owner: string, lease: LeaseId): void {
    let waiting = this.#byOwner.get(owner)
    if (waiting === undefined) {
      waiting = new LeaseMap()
      this.#byOwner.set(owner, waiting)
    }
    waiting.set(lease, { lease, due: this.#clock.monotonic() + this.#ms })
    this.#stop ??= this.#clock.after(this.#ms, () => this.#ring())
  }

  delete(owner: string, leases: readonly LeaseId[]): void {
    const waiting = this.#byOwner.get(owner)
    if (waiting === undefined) return
    for (const lease of leases) waiting.delete(lease)
    if (waiting.size === 0) this.#byOwner.delete(owner)
  }

  #ring(): void {
    this.#stop = undefined
    const now = this.#clock.monotonic()
    let next = Number.POSITIVE_INFINITY
    const overdue: string[] = []
    for (const [owner, waiting] of this.#byOwner) {
      const late: LeaseId[] = []
      for (const { lease, due } of waiting.values()) {
        if (due > now) {
          next = Math.min(next, due)
          break
        }
        late.push(lease)
      }
      if (late.length === 0) continue
      this.delete(owner, late)
      overdue.push(owner)
    }
    if (next !== Number.POSITIVE_INFINITY) this.#stop = this.#clock.after(next - now, () => this.#ring())
    for (const owner of overdue) this.#onOverdue(owner)
  }
}
