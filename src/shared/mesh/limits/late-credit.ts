import type { Clock } from '../../clock.ts'

/** Acknowledges what was taken, late for a peer that sends too fast: one that keeps to the protocol then waits. */
export class LateCredit {
  readonly #lateBy: () => number
  readonly #clock: Clock
  readonly #acknowledge: (bytes: number) => void
  #owed = 0
  #stop: (() => void) | undefined

  /** `lateBy`: milliseconds that an acknowledgement has to wait now; 0 when it may go. */
  constructor(lateBy: () => number, clock: Clock, acknowledge: (bytes: number) => void) {
    this.#lateBy = lateBy
    this.#clock = clock
    this.#acknowledge = acknowledge
  }

  taken(bytes: number): void {
    this.#owed += bytes
    if (this.#stop === undefined) this.#settle()
  }

  end(): void {
    this.#stop?.()
    this.#owed = 0
  }

  #settle(): void {
    const wait = this.#lateBy()
    if (wait > 0) {
      this.#stop = this.#clock.after(wait, () => {
        this.#stop = undefined
        this.#settle()
      })
      return
    }
    const bytes = this.#owed
    this.#owed = 0
    this.#acknowledge(bytes)
  }
}
