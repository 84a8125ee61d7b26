import { TooManySubscriptionsError } from '../errors.ts'

/** Subscriptions that one session may hold: each costs a watch and, while things change, four messages a second. */
export const MAX_SUBSCRIPTIONS = 64

/** The subscriptions of one session; subscribing twice to one URI is one subscription. */
export class Subscriptions {
  readonly #ends = new Map<string, () => void>()
  readonly #max: number

  constructor(max = MAX_SUBSCRIPTIONS) {
    this.#max = max
  }

  /** Throws {@link TooManySubscriptionsError}, and what `start` throws. */
  add(uri: string, start: () => () => void): void {
    if (this.#ends.has(uri)) return
    if (this.#ends.size >= this.#max) throw new TooManySubscriptionsError(this.#max)
    this.#ends.set(uri, start())
  }

  remove(uri: string): void {
    this.#ends.get(uri)?.()
    this.#ends.delete(uri)
  }

  clear(): void {
    for (const end of this.#ends.values()) end()
    this.#ends.clear()
  }
}
