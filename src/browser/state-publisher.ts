import type { TabState } from './tab-contract.ts'

/** Nobody sees a hidden page; what it shows need not follow each attempt. Milliseconds. */
const HIDDEN_EVERY_MS = 1000

/** The tab's state, and who hears of it: at most once for each frame, while hidden once a second. */
export class StatePublisher {
  #state: TabState
  readonly #listeners = new Set<(state: TabState) => void>()
  /** Takes back what is planned. */
  #unplan: (() => void) | undefined

  constructor(initial: TabState) {
    this.#state = initial
    document.addEventListener('visibilitychange', () => this.#replan())
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
  forget(...keys: ('path' | 'rtt_ms' | 'retry_at' | 'error' | 'unreached')[]): void {
    const state = { ...this.#state }
    for (const key of keys) delete state[key]
    this.#state = state
    this.#publishLater()
  }

  #publishLater(): void {
    this.#unplan ??= document.visibilityState === 'visible' ? this.#atNextFrame() : this.#soon()
  }

  /** A frame that was asked for does not come while the page is hidden, and who comes back sees what is. */
  #replan(): void {
    if (this.#unplan === undefined) return
    this.#unplan()
    this.#unplan = undefined
    this.#publishLater()
  }

  #atNextFrame(): () => void {
    const frame = requestAnimationFrame(() => this.#publish())
    return () => cancelAnimationFrame(frame)
  }

  #soon(): () => void {
    const timer = setTimeout(() => this.#publish(), HIDDEN_EVERY_MS)
    return () => clearTimeout(timer)
  }

  #publish(): void {
    this.#unplan = undefined
    for (const listener of this.#listeners) listener(this.#state)
  }
}
