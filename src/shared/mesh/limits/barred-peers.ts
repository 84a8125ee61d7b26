import { LRUCache } from 'lru-cache'
import type { Clock } from '../../clock.ts'

/** How long a peer is left alone the first time; each further time three times as long, an hour at most. Milliseconds. */
export const FIRST_BAR_MS = 10_000
const GROWTH = 3
export const LONGEST_BAR_MS = 3_600_000
/** A peer that kept to the limits for so long after its bar begins anew, milliseconds. */
const FORGIVEN_AFTER_MS = 3_600_000
/** The one barred longest ago is forgotten first. */
export const PEERS_REMEMBERED = 4096
/** So many peers of one address range barred at once bar the range: a peer id costs nothing. */
export const PEERS_TO_BAR_RANGE = 8

interface Bar {
  times: number
  until: number
  range: string | undefined
}

/** Who went over a limit, and for how long nothing is taken from it. */
export class BarredPeers {
  readonly #clock: Clock
  readonly #peers = new LRUCache<string, Bar>({ max: PEERS_REMEMBERED })
  readonly #ranges = new LRUCache<string, Bar>({ max: PEERS_REMEMBERED })

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Bars a peer, and a range of the internet out of which many are barred; how long, in milliseconds. */
  bar(peerId: string, range?: string): number {
    const ms = this.#extend(this.#peers, peerId, range)
    if (range !== undefined && this.#barredOf(range) >= PEERS_TO_BAR_RANGE) this.#extend(this.#ranges, range)
    return ms
  }

  isBarred(peerId: string): boolean {
    return this.#holds(this.#peers.peek(peerId))
  }

  isRangeBarred(range: string): boolean {
    return this.#holds(this.#ranges.peek(range))
  }

  #extend(table: LRUCache<string, Bar>, key: string, range?: string): number {
    const now = this.#clock.monotonic()
    const before = table.get(key)
    if (before !== undefined && before.until > now) return before.until - now
    const times = before === undefined || now - before.until > FORGIVEN_AFTER_MS ? 0 : before.times + 1
    const ms = Math.min(LONGEST_BAR_MS, FIRST_BAR_MS * GROWTH ** times)
    table.set(key, { times, until: now + ms, range })
    return ms
  }

  #barredOf(range: string): number {
    let count = 0
    for (const bar of this.#peers.values()) if (bar.range === range && this.#holds(bar)) count += 1
    return count
  }

  #holds(bar: Bar | undefined): boolean {
    return bar !== undefined && bar.until > this.#clock.monotonic()
  }
}
