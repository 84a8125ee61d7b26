/** Hears of the end of each numbered task, once, and when all that were awaited have ended. */
export class Completions {
  /** When each task ended, `performance.now()`. */
  readonly #endedAt = new Map<number, number>()
  #awaited = 0
  #resolve = () => {}

  readonly onDone = (number: number): void => {
    if (this.#endedAt.has(number)) return
    this.#endedAt.set(number, performance.now())
    if (this.#endedAt.size === this.#awaited) this.#resolve()
  }

  /** Forgets what ended before; resolves when `count` further tasks have ended. */
  next(count: number): Promise<void> {
    this.#endedAt.clear()
    this.#awaited = count
    return new Promise(resolve => {
      this.#resolve = resolve
    })
  }

  endOf(number: number): number {
    return this.#endedAt.get(number) ?? Number.NaN
  }

  /** When the first and the last of them ended. */
  get span(): { first: number; last: number } {
    const times = [...this.#endedAt.values()]
    return { first: times[0] ?? Number.NaN, last: times.at(-1) ?? Number.NaN }
  }
}
