import type { TabState } from './tab-contract.ts'

/** The tab's state, and who hears of it: at most once for each frame, or for each task of the loop while hidden. */
export class StatePublisher {
  #state: TabState
  readonly #listeners = new Set<(state: TabState) => void>()
  #frame: number | undefined
  #queued = false

  constructor(initial: TabState) {
    this.#state = initial
  }

  get state(): TabState {
    return this.#state
  }

  subscribe(listener: (state: TabState) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  update(change: Partial<TabState>): void {
    this.#state = { ...this.#state, ...change }
    this.#publishLater()
  }

  /** Takes facts away that are no longer true. */
  forget(...keys: ('path' | 'rtt_ms' | 'retry_at' | 'error')[]): void {
    const state = { ...this.#state }
    for (const key of keys) delete state[key]
    this.#state = state
    this.#publishLater()
  }

  #publishLater(): void {
    if (document.visibilityState === 'visible') {
      this.#frame ??= requestAnimationFrame(() => this.#publish())
    } else if (!this.#queued) {
      this.#queued = true
      queueMicrotask(() => this.#publish())
    }
  }

  #publish(): void {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame)
    this.#frame = undefined
    this.#queued = false
    for (const listener of this.#listeners) listener(this.#state)
  }
}
