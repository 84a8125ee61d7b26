import type { StoreHint } from './store.ts'

/** Who watches a store; told one by one, each in a task of its own, so that nobody runs inside a change. */
export class HintFeed {
  readonly #listeners = new Set<(hint: StoreHint) => void>()

  watch(listener: (hint: StoreHint) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  tell(hint: StoreHint): void {
    for (const listener of this.#listeners) {
      queueMicrotask(() => {
        if (this.#listeners.has(listener)) listener(hint)
      })
    }
  }
}
