/** Commands of a commit from which on it says something. */
const LEAST = 32

/** What of the earlier commits counts beside the latest. */
const MEMORY = 0.8

/**
 * A commit may last so many times as long as is seen of following it, for two halves to be better than one whole.
 *
 * With a fixed cost F of a commit (its fsync), a for each command there and b for following each here, n commands take
 * F + an + bn as one, 2F + an as two that take turns: two are better while F < bn. With a about b that is while a whole
 * lasts less than twice as long as it is followed, a half less than three times. About half of what follows is seen:
 * the rest comes later, as workers run and answer.
 */
const WHOLE = 4
const HALF = 6

/** Whether commits should be split so that two take turns: on a disk whose fsync is slow, one large one is better. */
export class SplitRule {
  /** Sums of the latest, milliseconds. */
  #committing = 0
  #following = 0
  /** The commit that is being followed: when that began. */
  #since: number | undefined
  #isWorthIt = true

  get isWorthIt(): boolean {
    return this.#isWorthIt
  }

  /** A commit of so many commands has lasted `ms`; now it is followed. */
  committed(commands: number, ms: number, now: number): void {
    if (commands < LEAST) return
    this.#committing = this.#committing * MEMORY + ms
    this.#following *= MEMORY
    this.#since = now
  }

  /** What followed from the latest commit is done. */
  followed(now: number): void {
    if (this.#since === undefined) return
    this.#following += now - this.#since
    this.#since = undefined
    if (this.#following > 0)
      this.#isWorthIt = this.#committing < this.#following * (this.#isWorthIt ? HALF : WHOLE)
  }
}
