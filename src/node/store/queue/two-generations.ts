/**
 * A bounded map that forgets what was set longest ago, a generation at a time: a map that drops its first key for each
 * new one walks over all that it dropped before.
 */
export class TwoGenerations<V> {
  readonly #generation: number
  #young = new Map<string, V>()
  #old = new Map<string, V>()

  /** Holds between `entries / 2` and `entries` of the latest. */
  constructor(entries: number) {
    this.#generation = entries / 2
  }

  get(key: string): V | undefined {
    return this.#young.get(key) ?? this.#old.get(key)
  }

  set(key: string, value: V): void {
    this.#young.set(key, value)
    if (this.#young.size < this.#generation) return
    this.#old = this.#young
    this.#young = new Map()
  }

  delete(key: string): void {
    this.#young.delete(key)
    this.#old.delete(key)
  }
}
