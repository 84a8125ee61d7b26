interface Waiting {
  readonly bytes: number
  enter(): void
}

/**
 * How much of large inputs is in memory and on its way to workers: who comes when it is too much waits its turn. One
 * that is larger than all of the room goes alone.
 */
export class LargeInputs {
  readonly #room: number
  readonly #waiting: Waiting[] = []
  #taken = 0

  /** @param room bytes at once */
  constructor(room: number) {
    this.#room = room
  }

  /** Resolves with what gives the room back; with undefined when aborted before there was room. */
  async take(bytes: number, signal: AbortSignal): Promise<(() => void) | undefined> {
    if (signal.aborted) return undefined
    if (this.#waiting.length > 0 || !this.#fits(bytes)) {
      const { promise, resolve } = Promise.withResolvers<boolean>()
      const waiting: Waiting = { bytes, enter: () => resolve(true) }
      this.#waiting.push(waiting)
      const giveUp = () => {
        const index = this.#waiting.indexOf(waiting)
        if (index === -1) return
        this.#waiting.splice(index, 1)
        resolve(false)
        this.#admit()
      }
      signal.addEventListener('abort', giveUp, { once: true })
      const isIn = await promise
      signal.removeEventListener('abort', giveUp)
      if (!isIn) return undefined
    } else this.#taken += bytes
    return () => {
      this.#taken -= bytes
      this.#admit()
    }
  }

  #fits(bytes: number): boolean {
    return this.#taken === 0 || this.#taken + bytes <= this.#room
  }

  #admit(): void {
    for (
      let first = this.#waiting[0];
      first !== undefined && this.#fits(first.bytes);
      first = this.#waiting[0]
    ) {
      this.#waiting.shift()
      this.#taken += first.bytes
      first.enter()
    }
  }
}
