import type { OutcomeVerdict } from '../../queue/work.ts'

/** The outcomes of one `toolmesh/complete`: its answer waits for the verdict on each of them. */
export class ReportedBatch {
  /** In the order of the outcomes. Rejects when the queue takes some of them not. */
  readonly verdicts: Promise<OutcomeVerdict[]>
  readonly #verdicts: OutcomeVerdict[]
  #missing: number
  readonly #resolve: (verdicts: OutcomeVerdict[]) => void
  readonly #reject: (error: unknown) => void

  /** @param size of the batch, 1 or more */
  constructor(size: number) {
    const { promise, resolve, reject } = Promise.withResolvers<OutcomeVerdict[]>()
    this.verdicts = promise
    this.#verdicts = Array(size).fill('stale_fence')
    this.#missing = size
    this.#resolve = resolve
    this.#reject = reject
  }

  /** The verdict on the outcome at `index`; once for each. */
  settle(index: number, verdict: OutcomeVerdict): void {
    this.#verdicts[index] = verdict
    this.#missing -= 1
    if (this.#missing === 0) this.#resolve(this.#verdicts)
  }

  fail(error: unknown): void {
    this.#reject(error)
  }
}
