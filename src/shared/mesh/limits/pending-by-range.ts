import { rangeOfIp } from './address-range.ts'

/** What is being set up at once on a listener: in all, and from one address range of the internet or a private network. */
export const PENDING_ON_LISTENER = 256
export const PENDING_OF_RANGE = 32

/** Counts what is under way before a connection is libp2p's, by where it comes from. */
export class PendingByRange {
  readonly #most: number
  readonly #mostOfRange: number
  readonly #counts = new Map<string, number>()
  #all = 0

  constructor(most = PENDING_ON_LISTENER, mostOfRange = PENDING_OF_RANGE) {
    this.#most = most
    this.#mostOfRange = mostOfRange
  }

  /** One more from this IP address; call what is returned when it is set up or given up. Undefined: no room. */
  enter(ip: string): (() => void) | undefined {
    const { kind, key } = rangeOfIp(ip)
    const count = this.#counts.get(key) ?? 0
    if (this.#all >= this.#most || (kind !== 'open' && count >= this.#mostOfRange)) return undefined
    this.#all += 1
    this.#counts.set(key, count + 1)
    let left = false
    return () => {
      if (left) return
      left = true
      this.#all -= 1
      const rest = (this.#counts.get(key) ?? 1) - 1
      if (rest > 0) this.#counts.set(key, rest)
      else this.#counts.delete(key)
    }
  }
}
