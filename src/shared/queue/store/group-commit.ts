/** Where a command goes once it is durable, or has failed. */
interface Waiting<C, R> {
  command: C
  resolve(reply: R): void
  reject(error: unknown): void
}

/**
 * Commands that make a second commit worth starting while one runs: the store then goes from one to the next
 * without waiting for this side, and fewer would only split the batches.
 */
const OVERLAP_FROM = 32

/** Commands that are worth two commits: see `#batchSize`. */
const SPLIT_FROM = 3 * OVERLAP_FROM

/** Commits under way at once, at most. */
const MAX_RUNNING = 2

/**
 * Group commit without a timer: a commit starts at once when none is running, and what arrives meanwhile is the
 * next. Under load batches grow by themselves; an idle store answers at once. Commits end in the order of their start.
 */
export class GroupCommit<C, R> {
  readonly #commit: (batch: C[]) => Promise<R[]>
  readonly #maxBatch: number
  #waiting: Waiting<C, R>[] = []
  #running = 0
  /** Commands in the commits that run. */
  #underWay = 0
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
    if (this.#isIdle) return
    await new Promise<void>(resolve => this.#idle.push(resolve))
  }

  get #isIdle(): boolean {
    return this.#running === 0 && this.#waiting.length === 0
  }

  /** Begins after the running microtasks, so that what one event causes travels together. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      while (this.#mayStart) void this.#run(this.#waiting.splice(0, this.#batchSize))
      if (this.#isIdle) for (const resolve of this.#idle.splice(0)) resolve()
    })
  }

  get #mayStart(): boolean {
    if (this.#running === 0) return this.#waiting.length > 0
    return this.#running < MAX_RUNNING && this.#waiting.length >= OVERLAP_FROM
  }

  /**
   * All that waits, but where little or nothing is under way a quarter is left to the next commit: this side then
   * follows the one while the store works on the other, and from then on they take turns. The smaller part is the
   * last, as outcomes come before the leases that follow on them, and both parts need leases to go on.
   */
  get #batchSize(): number {
    const { length } = this.#waiting
    const quarter = Math.floor(length / 4)
    const isSplit = length >= SPLIT_FROM && this.#underWay < quarter
    return Math.min(isSplit ? length - quarter : length, this.#maxBatch)
  }

  async #run(batch: Waiting<C, R>[]): Promise<void> {
    this.#running += 1
    this.#underWay += batch.length
    try {
      const replies = await this.#commit(batch.map(({ command }) => command))
      batch.forEach((waiting, index) => {
        const reply = replies[index]
        if (reply === undefined) waiting.reject(new Error('the store gave no reply'))
        else waiting.resolve(reply)
      })
    } catch (error) {
      for (const waiting of batch) waiting.reject(error)
    } finally {
      this.#running -= 1
      this.#underWay -= batch.length
      this.#schedule()
    }
  }
}
