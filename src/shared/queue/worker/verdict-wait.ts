import type { Clock } from '../../clock.ts'

interface Waiting {
  owner: string
  /** When it is overdue, on the monotonic clock. */
  due: number
}

/**
 * Outcomes that were answered and have no verdict yet. All have the same time for it, so the oldest is due first and
 * one timer does for all.
 */
export class VerdictWait {
  readonly #clock: Clock
  readonly #ms: number
  readonly #onOverdue: (owner: string) => void
  readonly #waiting = new Map<string, Waiting>()
  #stop: (() => void) | undefined

  /** `onOverdue` is called once for each owner that let outcomes wait for longer than `ms` milliseconds. */
  constructor(clock: Clock, ms: number, onOverdue: (owner: string) => void) {
    this.#clock = clock
    this.#ms = ms
    this.#onOverdue = onOverdue
  }

  add(key: string, owner: string): void {
    this.#waiting.set(key, { owner, due: this.#clock.monotonic() + this.#ms })
    this.#stop ??= this.#clock.after(this.#ms, () => this.#ring())
  }

  delete(key: string): void {
    this.#waiting.delete(key)
  }

  #ring(): void {
    this.#stop = undefined
    const now = this.#clock.monotonic()
    const overdue = new Set<string>()
    for (const [key, { owner, due }] of this.#waiting) {
      if (due > now) {
        this.#stop = this.#clock.after(due - now, () => this.#ring())
        break
      }
      this.#waiting.delete(key)
      overdue.add(owner)
    }
    for (const owner of overdue) this.#onOverdue(owner)
  }
}
