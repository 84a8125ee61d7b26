import type { Clock } from '../../clock.ts'
import { ToolmeshError } from '../../errors.ts'
import type { Logger } from '../../logger.ts'
import type { QueueStore } from './store.ts'

/** Milliseconds until a store that failed is tried again: the first time, and at most. */
const PROBE_MS = 1_000
const PROBE_MAX_MS = 10_000

export interface StoreHealthInit {
  store: Pick<QueueStore, 'failure' | 'check'>
  clock: Clock
  logger: Logger
}

/**
 * Whether the store takes changes. The first commit that fails makes it unwell: new work is refused from then on,
 * and what has happened already waits here, until a small write of its own works again. Nothing else tries the
 * store meanwhile.
 */
export class StoreHealth {
  readonly #init: StoreHealthInit
  readonly #listeners = new Set<(failure: string | undefined) => void>()
  #failure: string | undefined
  /** Takes the next try back. */
  #stop = () => {}
  #waiting: ((isWell: boolean) => void)[] = []
  #closed = false

  constructor(init: StoreHealthInit) {
    this.#init = init
  }

  /** Why nothing can be stored now, for a person; undefined while it can. */
  get failure(): string | undefined {
    return this.#init.store.failure ?? this.#failure
  }

  /** The latest change could be stored. */
  get isWell(): boolean {
    return this.#failure === undefined
  }

  /** Throws `unavailable` while nothing can be stored. */
  ensureWell(): void {
    if (this.failure !== undefined) throw new ToolmeshError('unavailable', this.failure)
  }

  /** Calls `listener` when the store became unwell (with why) or well again; the returned function ends it. */
  onHealth(listener: (failure: string | undefined) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** A change could not be stored. */
  failed(error: unknown): void {
    const isNews = this.#failure === undefined
    this.#failure = error instanceof Error ? error.message : String(error)
    if (!isNews || this.#closed) return
    this.#init.logger('error', 'the task store takes no changes; trying until it does', {
      error: this.#failure,
    })
    this.#probeIn(PROBE_MS)
    this.#tell()
  }

  /** Resolves with `work`, or as soon as the store fails. */
  async whileWell(work: Promise<unknown>): Promise<void> {
    const { promise: failing, resolve } = Promise.withResolvers<void>()
    const stop = this.onHealth(() => resolve())
    try {
      if (this.isWell) await Promise.race([work, failing])
    } finally {
      stop()
    }
  }

  /** Resolves with true when changes can be stored (at once if they can), with false when closed. */
  healthy(): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false)
    if (this.isWell) return Promise.resolve(true)
    return new Promise(resolve => this.#waiting.push(resolve))
  }

  close(): void {
    this.#closed = true
    this.#stop()
    this.#release(false)
  }

  #probeIn(ms: number): void {
    this.#stop = this.#init.clock.after(ms, () => void this.#probe(ms))
  }

  async #probe(waitedMs: number): Promise<void> {
    try {
      await this.#init.store.check()
    } catch (error) {
      this.#failure = error instanceof Error ? error.message : String(error)
      if (!this.#closed) this.#probeIn(Math.min(waitedMs * 2, PROBE_MAX_MS))
      return
    }
    if (this.#closed) return
    this.#failure = undefined
    this.#init.logger('info', 'the task store takes changes again')
    this.#release(true)
    this.#tell()
  }

  #release(isWell: boolean): void {
    for (const resolve of this.#waiting.splice(0)) resolve(isWell)
  }

  #tell(): void {
    for (const listener of this.#listeners) listener(this.failure)
  }
}
