/** Where a command goes once it is durable, or has failed. */
interface Waiting<C, R> {
  command: C
  resolve(reply: R): void
  reject(error: unknown): void
}

/**
 * Group commit without a timer: a commit starts at once when none is running, and all that arrives meanwhile
 * is the next. Under load batches grow by themselves; an idle store answers at once.
 */
export class GroupCommit<C, R> {
  readonly #commit: (batch: C[]) => Promise<R[]>
  readonly #maxBatch: number
  #waiting: Waiting<C, R>[] = []
  #running = false
  #scheduled = false
  #idle: (() => void)[] = []

  /** @param maxBatch commands in one commit, 1 or more */
  constructor(commit: (batch: C[]) => Promise<R[]>, maxBatch: number) {
    this.#commit = commit
    this.#maxBatch = maxBatch
  }

  /** Commands that wait for their commit to start. */
  get pending(): number {
    return this.#waiting.length
  }

  /** Resolves with the command's reply when it is durable; rejects when its batch failed. Keeps the order of calls. */
  add(command: C): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ command, resolve, reject })
      this.#schedule()
    })
  }

  /** Resolves when nothing waits and nothing runs. */
  async settled(): Promise<void> {
    if (!this.#running && !this.#scheduled && this.#waiting.length === 0) return
    await new Promise<void>(resolve => this.#idle.push(resolve))
  }

  /** Begins after the running microtasks, so that what one event causes travels together. */
  #schedule(): void {
    if (this.#running || this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#maxBatch)
      try {
        const replies = await this.#commit(batch.map(({ command }) => command))
        batch.forEach((waiting, index) => {
          const reply = replies[index]
          if (reply === undefined) waiting.reject(new Error('the store gave no reply'))
          else waiting.resolve(reply)
        })
      } catch (error) {
        for (const waiting of batch) waiting.reject(error)
      }
      // What the replies cause joins the next batch.
      await Promise.resolve()
    }
    this.#running = false
    for (const resolve of this.#idle.splice(0)) resolve()
  }
}
