/** What comes one by one and is taken one by one, until it ends. Holds what nobody took yet; who fills it sets the bound. */
export class StreamInbox<T> {
  #waiting: T[] = []
  #taker: ((item: T | undefined) => void) | undefined
  #isEnded = false

  get size(): number {
    return this.#waiting.length
  }

  put(item: T): void {
    if (this.#isEnded) return
    if (this.#taker === undefined) this.#waiting.push(item)
    else this.#hand(item)
  }

  /** The next one, undefined after the end. One call at a time. */
  async take(): Promise<T | undefined> {
    const next = this.#waiting.shift()
    if (next !== undefined || this.#isEnded) return next
    return new Promise(resolve => {
      this.#taker = resolve
    })
  }

  /** Nobody gets what still waits. */
  end(): void {
    this.#isEnded = true
    this.#waiting = []
    this.#hand(undefined)
  }

  #hand(item: T | undefined): void {
    const taker = this.#taker
    this.#taker = undefined
    taker?.(item)
  }
}
