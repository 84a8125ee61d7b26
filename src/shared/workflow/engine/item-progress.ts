export type ItemState = 'pending' | 'succeeded' | 'failed' | 'cancelled'

const CODES: readonly ItemState[] = ['pending', 'succeeded', 'failed', 'cancelled']

/** How the items of a `for_each` stand, a byte for each. What runs is not told from what has not started. */
export class ItemProgress {
  readonly #states: Uint8Array
  readonly #counts = [0, 0, 0, 0]
  /** All before it have ended. */
  #first = 0

  constructor(total: number) {
    this.#states = new Uint8Array(total)
    this.#counts[0] = total
  }

  get total(): number {
    return this.#states.length
  }

  count(state: ItemState): number {
    return this.#counts[CODES.indexOf(state)] ?? 0
  }

  stateOf(item: number): ItemState {
    return CODES[this.#states[item] ?? 0] ?? 'pending'
  }

  /** False when it has ended already, or there is none. */
  end(item: number, state: Exclude<ItemState, 'pending'>): boolean {
    if (this.#states[item] !== 0) return false
    const code = CODES.indexOf(state)
    this.#states[item] = code
    this.#counts[0] = (this.#counts[0] ?? 0) - 1
    this.#counts[code] = (this.#counts[code] ?? 0) + 1
    while (this.#first < this.total && this.#states[this.#first] !== 0) this.#first += 1
    return true
  }

  /** The first that has not ended at or behind `from`; `total` where there is none. */
  nextPending(from: number): number {
    let item = Math.max(from, this.#first)
    while (item < this.total && this.#states[item] !== 0) item += 1
    return item
  }
}
