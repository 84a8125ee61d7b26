import { LRUCache } from 'lru-cache'
import type { Clock } from '../../clock.ts'
import { ToolmeshError } from '../../errors.ts'
import { TokenBucket } from '../limits/token-bucket.ts'
import type { ExchangeAnswer, ExchangeRequest } from './exchange-message.ts'

/** Messages of one peer that are answered: an honest one sends some when it comes and looks for somebody, then one a minute. */
export const EXCHANGES_OF_ONE = { perSecond: 1, burst: 60 }
/** Refusals without an answer between, after which the peer's session ends: it does not listen. */
export const REFUSALS_BEFORE_END = 600
/** Peers whose rate is counted; the one heard of longest ago is forgotten first. */
const PEERS_COUNTED = 1024

/** A peer asks too often for other peers. */
export class TooManyExchangesError extends ToolmeshError {
  constructor(retryAfterMs: number) {
    const { perSecond, burst } = EXCHANGES_OF_ONE
    super('rate_limited', `too many exchanges of peers, allowed: ${perSecond} a second, ${burst} at once`, {
      field: 'toolmesh/peers',
      allowed: `${perSecond} a second, ${burst} at once`,
      retry_after_ms: retryAfterMs,
    })
  }
}

/** What answers `toolmesh/peers`. */
interface Exchange {
  answer(from: string, request: ExchangeRequest): ExchangeAnswer
}

/** Answers each peer only so often: to look through the book and to check what a peer tells costs more than to send it. */
export class PacedExchange implements Exchange {
  readonly #exchange: Exchange
  readonly #clock: Clock
  readonly #end: (peerId: string, error: ToolmeshError) => void
  readonly #rates = new LRUCache<string, { bucket: TokenBucket; refusals: number }>({ max: PEERS_COUNTED })

  /** @param end ends the session of a peer that goes on asking */
  constructor(exchange: Exchange, clock: Clock, end: (peerId: string, error: ToolmeshError) => void) {
    this.#exchange = exchange
    this.#clock = clock
    this.#end = end
  }

  /** To be asked before anything of a message is read. Throws TooManyExchangesError. */
  admit(from: string): void {
    const now = this.#clock.monotonic()
    const rate = this.#rates.get(from) ?? { bucket: new TokenBucket(EXCHANGES_OF_ONE, now), refusals: 0 }
    this.#rates.set(from, rate)
    if (rate.bucket.tryTake(1, now)) {
      rate.refusals = 0
      return
    }
    const error = new TooManyExchangesError(1000 / EXCHANGES_OF_ONE.perSecond)
    rate.refusals += 1
    if (rate.refusals === REFUSALS_BEFORE_END) {
      rate.refusals = 0
      this.#end(from, error)
    }
    throw error
  }

  answer(from: string, request: ExchangeRequest): ExchangeAnswer {
    return this.#exchange.answer(from, request)
  }
}
