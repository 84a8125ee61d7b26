import type { Clock } from '../../clock.ts'

/** Why a contender is aborted when another one has won. */
export const SUPERSEDED = new Error('another one was faster')

export interface RaceLimits {
  /** Milliseconds after which the next contender starts beside those that run. RFC 8305 recommends 250. */
  staggerMs: number
  /** As `staggerMs`, before a contender that is a last resort. */
  lastResortMs: number
  /** Contenders that run at once. */
  atOnce: number
}

export interface RaceInit<C, M, T> {
  clock: Clock
  limits: RaceLimits
  signal: AbortSignal
  isLastResort: (contender: C) => boolean
  /** Runs beside others. Rejects soon after its signal aborts. */
  begin: (contender: C, signal: AbortSignal) => Promise<M>
  /** Runs alone: the first whose beginning is made may end it, the next one when that fails. */
  finish: (contender: C, made: M, signal: AbortSignal) => Promise<T>
  /** Gives back what was made and is not needed. */
  discard: (contender: C, made: M) => void
}

/**
 * "Happy eyeballs" (RFC 8305) for anything that can be tried in several ways: contenders start in their order, each a
 * moment after the one before or at once when that one failed, and the first to finish wins; the others are aborted.
 */
export class Race<C, M, T> {
  readonly #init: RaceInit<C, M, T>
  readonly #waiting: C[]
  readonly #running = new Map<C, AbortController>()
  readonly #result = Promise.withResolvers<T | undefined>()
  #turn: Promise<void> = Promise.resolve()
  #over = false
  /** The time of the next one has come, and there was no room. */
  #isDue = false
  #stopTimer: () => void = () => {}

  constructor(contenders: readonly C[], init: RaceInit<C, M, T>) {
    this.#waiting = [...contenders]
    this.#init = init
  }

  /** What the winner made; undefined when all failed. Rejects with the signal's reason. */
  async run(): Promise<T | undefined> {
    const { signal } = this.#init
    signal.throwIfAborted()
    const abort = () => this.#end(signal.reason, () => this.#result.reject(signal.reason))
    signal.addEventListener('abort', abort, { once: true })
    try {
      this.#startNext()
      return await this.#result.promise
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  /** Contenders that come next, before those that wait. */
  add(contenders: readonly C[]): void {
    this.#waiting.unshift(...contenders)
  }

  #startNext(): void {
    if (this.#over) return
    this.#stopTimer()
    const { isLastResort, limits, clock } = this.#init
    const [next] = this.#waiting
    if (next === undefined) {
      if (this.#running.size === 0) this.#end(SUPERSEDED, () => this.#result.resolve(undefined))
      return
    }
    this.#isDue = this.#running.size >= limits.atOnce
    if (this.#isDue) return
    this.#waiting.shift()
    void this.#run(next)
    const [after] = this.#waiting
    if (after === undefined) return
    const ms = isLastResort(after) ? limits.lastResortMs : limits.staggerMs
    this.#stopTimer = clock.after(ms, () => this.#startNext())
  }

  async #run(contender: C): Promise<void> {
    const { begin, discard } = this.#init
    const control = new AbortController()
    this.#running.set(contender, control)
    try {
      const made = await begin(contender, control.signal)
      if (this.#over) discard(contender, made)
      else await this.#finishInTurn(contender, made, control.signal)
    } catch {
      this.#lost(contender)
    }
  }

  #finishInTurn(contender: C, made: M, signal: AbortSignal): Promise<void> {
    const { finish, discard } = this.#init
    const finished = this.#turn.then(async () => {
      if (this.#over) return discard(contender, made)
      try {
        const result = await finish(contender, made, signal)
        // Nobody waits for it any more: the whole was aborted while it came.
        if (this.#over) return discard(contender, made)
        this.#running.delete(contender)
        this.#end(SUPERSEDED, () => this.#result.resolve(result))
      } catch (error) {
        discard(contender, made)
        throw error
      }
    })
    this.#turn = finished.catch(() => {})
    return finished
  }

  /** One that failed makes room at once; a last resort waits for its time while others run. */
  #lost(contender: C): void {
    this.#running.delete(contender)
    const [next] = this.#waiting
    const isPatient = next !== undefined && this.#init.isLastResort(next) && this.#running.size > 0
    if (!isPatient || this.#isDue) this.#startNext()
  }

  #end(reason: unknown, settle: () => void): void {
    if (this.#over) return
    this.#over = true
    this.#stopTimer()
    settle()
    for (const control of this.#running.values()) control.abort(reason)
  }
}
