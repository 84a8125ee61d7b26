/** Hands pages from those who bring them to one who reads them, one page at a time. */
export class PageChannel<T> implements AsyncIterable<T> {
  #page: { value: T; done: () => void } | undefined
  #wake = () => {}
  #over: { error?: unknown } | undefined

  /** Resolves when the page was read and what follows is asked for; never when nothing is read any more. */
  put(value: T): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    if (this.#over === undefined) this.#page = { value, done: resolve }
    this.#wake()
    return promise
  }

  /** No page comes any more. */
  end(): void {
    this.#over ??= {}
    this.#wake()
  }

  /** What is missing will not come: the reader gets the error. Nothing once it has ended. */
  fail(error: unknown): void {
    if (this.#over !== undefined) return
    this.#over = { error }
    this.#page = undefined
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    try {
      for (;;) {
        const page = this.#page
        if (page !== undefined) {
          this.#page = undefined
          yield page.value
          page.done()
        } else if (this.#over !== undefined) {
          if ('error' in this.#over) throw this.#over.error
          return
        } else {
          await new Promise<void>(resolve => {
            this.#wake = resolve
          })
        }
      }
    } finally {
      this.#over ??= {}
      this.#page = undefined
    }
  }
}
