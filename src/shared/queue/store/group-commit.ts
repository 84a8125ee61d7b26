import type { Clock } from '../../clock.ts'
import { SplitRule } from './split-rule.ts'

/** Where a command goes once it is durable, or has failed. */
interface Waiting<C, R> {
  command: C
  resolve(reply: R): void
  reject(error: unknown): void
}

/**
 * The lines in which commands wait, each first come, first served. While there is plenty of work, what attempts need
 * (`end`, `start`) goes before new work, which has a share of every commit.
 */
export type CommitLine = 'end' | 'start' | 'new'

/**
 * Commands that make a second commit worth starting while one runs: the store then goes from one to the next
 * without waiting for this side, and fewer would only split the batches.
 */
const OVERLAP_FROM = 32

/** Commands of attempts that are worth two commits: this side follows the one while the store works on the other. */
const SPLIT_FROM = 2 * OVERLAP_FROM

/** Commits under way at once, at most. */
const MAX_RUNNING = 2

/** New work in a commit while there is plenty: one for each two commands of attempts, or so many where they are fewer. */
const NEW_AT_LEAST = 32

/** Microtasks in a row in which nothing comes: then one event has caused all that it will. */
const QUIET_MICROTASKS = 8

/**
 * Group commit without a timer: a commit starts at once when none is running, and what arrives meanwhile is the
 * next. Under load batches grow by themselves; an idle store answers at once. Commits end in the order of their start.
 */
export class GroupCommit<C, R> {
  readonly #commit: (batch: C[]) => Promise<R[]>
  readonly #maxBatch: number
  readonly #hasPlenty: () => boolean
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #split = new SplitRule()
  readonly #waiting: Record<CommitLine, Waiting<C, R>[]> = { end: [], start: [], new: [] }
  #running = 0
  /** Commands in the commits that run. */
  #underWay = 0
  #scheduled = false
  /** When the latest commit ended: one that was under way beside it took the store's time from then on. */
  #lastEnd = 0
  #idle: (() => void)[] = []

  /**
   * @param maxBatch commands in one commit, 1 or more
   * @param options.hasPlenty whether so much work waits to be started that new work may wait; default: it never does
   * @param options.clock measures whether two commits at once are of use; default: they always are
   */
  constructor(
    commit: (batch: C[]) => Promise<R[]>,
    maxBatch: number,
    options: { hasPlenty?: () => boolean; clock?: Pick<Clock, 'monotonic'> } = {},
  ) {
    this.#commit = commit
    this.#maxBatch = maxBatch
    this.#hasPlenty = options.hasPlenty ?? (() => false)
    this.#clock = options.clock ?? STOPPED
  }

  /** Commands that wait for their commit to start. */
  get pending(): number {
    return this.#attempts + this.#waiting.new.length
  }

  /** Resolves with the command's reply when it is durable; rejects when its batch failed. */
  add(command: C, line: CommitLine = 'new'): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#waiting[line].push({ command, resolve, reject })
      this.#schedule()
    })
  }

  /** Resolves when nothing waits and nothing runs. */
  async settled(): Promise<void> {
    if (this.#isIdle) return
    await new Promise<void>(resolve => this.#idle.push(resolve))
  }

  get #attempts(): number {
    return this.#waiting.end.length + this.#waiting.start.length
  }

  get #isIdle(): boolean {
    return this.#running === 0 && this.pending === 0
  }

  /** Begins after the running microtasks, so that what one event causes travels together. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#whenQuiet(this.pending, QUIET_MICROTASKS)
  }

  #whenQuiet(pending: number, left: number): void {
    queueMicrotask(() => {
      if (this.pending !== pending) this.#whenQuiet(this.pending, QUIET_MICROTASKS)
      else if (left > 0) this.#whenQuiet(pending, left - 1)
      else this.#start()
    })
  }

  #start(): void {
    this.#scheduled = false
    this.#split.followed(this.#clock.monotonic())
    while (this.#mayStart) void this.#run(this.#nextBatch())
    if (this.#isIdle) for (const resolve of this.#idle.splice(0)) resolve()
  }

  get #mayStart(): boolean {
    if (this.#running === 0) return this.pending > 0
    return this.#split.isWorthIt && this.#running < MAX_RUNNING && this.pending >= OVERLAP_FROM
  }

  /** Ends and starts in equal parts, as both commits need both to go on, then new work. */
  #nextBatch(): Waiting<C, R>[] {
    const { end, start, new: fresh } = this.#waiting
    const attempts = this.#attempts
    const kept = Math.min(fresh.length, Math.floor(this.#maxBatch / 3))
    const most = Math.min(this.#share(attempts), this.#maxBatch - kept)
    const ends = Math.round((end.length * most) / Math.max(attempts, 1))
    const batch = [...end.splice(0, ends), ...start.splice(0, most - ends)]
    const room = this.#maxBatch - batch.length
    const isHeld = attempts > 0 && this.#hasPlenty()
    batch.push(...fresh.splice(0, isHeld ? Math.min(Math.max(NEW_AT_LEAST, most >> 1), room) : room))
    return batch
  }

  /** Of what attempts wait for: all, or as much as makes this commit and those under way of one size. */
  #share(attempts: number): number {
    if (attempts < SPLIT_FROM || !this.#split.isWorthIt) return attempts
    return Math.min(attempts, Math.max(OVERLAP_FROM, Math.ceil((this.#underWay + attempts) / 2)))
  }

  async #run(batch: Waiting<C, R>[]): Promise<void> {
    this.#running += 1
    this.#underWay += batch.length
    const started = this.#clock.monotonic()
    try {
      const replies = await this.#commit(batch.map(({ command }) => command))
      const now = this.#clock.monotonic()
      this.#split.committed(batch.length, now - Math.max(started, this.#lastEnd), now)
      this.#lastEnd = now
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

const STOPPED: Pick<Clock, 'monotonic'> = { monotonic: () => 0 }
