/** Processes that stop dead, or stand still for a while, between any two calls: not part of the product. */
import type { Clock } from '../../clock.ts'

export interface Accident {
  /** The call (1, 2, …) to what the process shares with others, at which it comes. */
  call: number
  /** Before the call is made, or after it was carried out and before its answer came. */
  when: 'before' | 'after'
  /** It stands still for so long, milliseconds, and goes on as if nothing had been; never without it. */
  forMs?: number
}

/** What streams is not cut in the middle. */
const STREAMS: ReadonlySet<string | symbol> = new Set(['allBodies', 'blobs'])

/** Everything that one process asks of others, and hears from them, goes through here. */
export class Process {
  readonly clock: Clock
  readonly #shared: Clock
  #accident: Accident | undefined
  #calls = 0
  #stands: Promise<void> | undefined
  #isDead = false
  readonly #onAccident: () => void
  readonly #death = Promise.withResolvers<void>()

  constructor(clock: Clock, accident: Accident | undefined, onAccident: () => void = () => {}) {
    this.#shared = clock
    this.#accident = accident
    this.#onAccident = onAccident
    this.clock = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (ms, fn) => clock.after(ms, () => this.#whenItRuns(fn)),
    }
  }

  get isDead(): boolean {
    return this.#isDead
  }

  get isStanding(): boolean {
    return this.#stands !== undefined
  }

  /** How many calls it made so far. */
  get calls(): number {
    return this.#calls
  }

  /** Resolves when it has stopped for good. */
  get died(): Promise<void> {
    return this.#death.promise
  }

  /** It stops at once and for good. */
  kill(): void {
    this.#isDead = true
    this.#death.resolve()
  }

  /** A part that others share, as this process sees it: calls may never be made, or never answered. */
  using<T extends object>(part: T): T {
    return new Proxy(part, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        if (STREAMS.has(name)) return value.bind(target)
        if (name === 'watch' || name === 'onEnded') {
          return (listener: (...what: unknown[]) => void) =>
            value.call(target, (...what: unknown[]) => this.#whenItRuns(() => listener(...what)))
        }
        return (...args: unknown[]) => this.#call(() => value.apply(target, args))
      },
    })
  }

  #call(make: () => unknown): unknown {
    if (this.#accident === undefined && this.#stands === undefined && !this.#isDead) {
      this.#calls += 1
      const answer = make()
      return answer instanceof Promise ? this.#answered(answer) : answer
    }
    return this.#slowly(make)
  }

  async #slowly(make: () => unknown): Promise<unknown> {
    await this.#runs()
    this.#calls += 1
    const strikes = this.#accident?.call === this.#calls ? this.#accident : undefined
    if (strikes?.when === 'before') await this.#strike(strikes)
    const answer = await make()
    if (strikes?.when === 'after') await this.#strike(strikes)
    await this.#runs()
    return answer
  }

  async #answered(answer: Promise<unknown>): Promise<unknown> {
    try {
      return await answer
    } finally {
      await this.#runs()
    }
  }

  async #strike({ forMs }: Accident): Promise<void> {
    this.#accident = undefined
    this.#onAccident()
    if (forMs === undefined) this.kill()
    else {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#stands = promise
      this.#shared.after(forMs, () => {
        this.#stands = undefined
        resolve()
      })
    }
    await this.#runs()
  }

  async #runs(): Promise<void> {
    while (this.#stands !== undefined) await this.#stands
    if (this.#isDead) await new Promise<never>(() => {})
  }

  #whenItRuns(fn: () => void): void {
    if (this.#isDead) return
    if (this.#stands === undefined) fn()
    else void this.#stands.then(() => this.#whenItRuns(fn))
  }
}
