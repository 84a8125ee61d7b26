import type { Clock } from '../../clock.ts'
import { ToolmeshError } from '../../errors.ts'

/** An attempt took longer than its limit. */
export class AttemptTimeoutError extends ToolmeshError {
  constructor(ms: number) {
    super('timed_out', `no answer within ${ms} ms`)
  }
}

export interface RecurringInit {
  work: (signal: AbortSignal) => Promise<void>
  /** Milliseconds to the next time when all goes well; asked each time. ±20 % are added, so that peers do not fall into step. */
  everyMs: () => number
  /** Least milliseconds from one attempt to the next, but for `now`. */
  gapMs: () => number
  /** Milliseconds that an attempt may take. */
  limitMs: number
  firstBackoffMs: number
  longestBackoffMs: number
  clock: Clock
  /** In [0, 1). */
  random: () => number
  onResult: (error: unknown) => void
}

/**
 * Does something again and again. After a failure it waits with exponential backoff and full jitter (AWS Architecture
 * Blog, "Exponential Backoff And Jitter"), and at least as long as the failure's `retry_after_ms` says.
 */
export class Recurring {
  readonly #init: RecurringInit
  readonly #ended = new AbortController()
  #running: Promise<void> | undefined
  #takeBack: () => void = () => {}
  /** Monotonic milliseconds: when the next attempt is due, when the last one began, before when none may begin. */
  #dueAt = Number.POSITIVE_INFINITY
  #beganAt = Number.NEGATIVE_INFINITY
  #notBefore = Number.NEGATIVE_INFINITY
  #failures = 0

  constructor(init: RecurringInit) {
    this.#init = init
  }

  /** Whether an attempt ended that began less than `ms` ago. */
  hasJustRun(ms: number): boolean {
    return this.#running === undefined && this.#init.clock.monotonic() - this.#beganAt < ms
  }

  /** The next attempt comes within `ms`, at a moment by chance, as far as the gap and what a failure asked for allow. */
  within(ms: number): void {
    const { clock, random, gapMs } = this.#init
    const at = Math.max(clock.monotonic() + random() * ms, this.#beganAt + gapMs(), this.#notBefore)
    if (at < this.#dueAt) this.#plan(at)
  }

  /** The same, as if nothing had failed before. */
  afresh(ms: number): void {
    this.#failures = 0
    this.within(ms)
  }

  /** The same, where the last attempt failed; what goes well keeps its pace. */
  retry(ms: number): void {
    if (this.#failures > 0) this.afresh(ms)
  }

  /** An attempt now, or the one under way; not while a failure asked for a longer wait. Never rejects. */
  now(): Promise<void> {
    if (this.#running !== undefined) return this.#running
    if (this.#ended.signal.aborted || this.#init.clock.monotonic() < this.#notBefore) return Promise.resolve()
    return this.#attempt()
  }

  /** Ends it, and what is under way. */
  close(): void {
    this.#ended.abort()
    this.#takeBack()
  }

  #plan(at: number): void {
    const { clock } = this.#init
    this.#takeBack()
    if (this.#ended.signal.aborted) return
    this.#dueAt = at
    this.#takeBack = clock.after(Math.max(0, at - clock.monotonic()), () => void this.now())
  }

  #attempt(): Promise<void> {
    const { clock, onResult } = this.#init
    this.#takeBack()
    this.#dueAt = Number.POSITIVE_INFINITY
    this.#beganAt = clock.monotonic()
    this.#running = this.#inTime().then(
      () => this.#settle(undefined, onResult),
      error => this.#settle(error ?? new Error('failed'), onResult),
    )
    return this.#running
  }

  #settle(error: unknown, onResult: (error: unknown) => void): void {
    const { clock, everyMs, random, gapMs } = this.#init
    this.#running = undefined
    if (this.#ended.signal.aborted) return
    onResult(error)
    const now = clock.monotonic()
    this.#failures = error === undefined ? 0 : this.#failures + 1
    this.#notBefore = error === undefined ? now : now + askedFor(error)
    const wait = error === undefined ? everyMs() * (0.8 + 0.4 * random()) : this.#backoff()
    this.#plan(Math.min(this.#dueAt, Math.max(this.#notBefore + wait, this.#beganAt + gapMs())))
  }

  #backoff(): number {
    const { firstBackoffMs, longestBackoffMs, random } = this.#init
    return random() * Math.min(longestBackoffMs, firstBackoffMs * 2 ** (this.#failures - 1))
  }

  async #inTime(): Promise<void> {
    const { clock, limitMs, work } = this.#init
    const late = new AbortController()
    const stop = clock.after(limitMs, () => late.abort(new AttemptTimeoutError(limitMs)))
    const signal = AbortSignal.any([this.#ended.signal, late.signal])
    const { promise, reject } = Promise.withResolvers<never>()
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    try {
      await Promise.race([work(signal), promise])
    } finally {
      stop()
    }
  }
}

function askedFor(error: unknown): number {
  return error instanceof ToolmeshError ? (error.details.retry_after_ms ?? 0) : 0
}
