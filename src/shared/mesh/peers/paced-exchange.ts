import { LRUCache } from 'lru-cache'
import type { Clock } from '../../clock.ts'
import { ToolmeshError } from '../../errors.ts'
import { TokenBucket } from '../limits/token-bucket.ts'
import type { ExchangeAnswer, ExchangeRequest } from './exchange-message.ts'

/** Messages of one peer that are answered: an honest one sends some when it comes and looks for somebody, then one a minute. */
export const EXCHANGES_OF_ONE = { perSecond: 1, burst: 60 }
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
  readonly #rates = new LRUCache<string, TokenBucket>({ max: PEERS_COUNTED })

  constructor(exchange: Exchange, clock: Clock) {
    this.#exchange = exchange
    this.#clock = clock
  }

  /** Throws TooManyExchangesError; nothing of the message was read then. */
  answer(from: string, request: ExchangeRequest): ExchangeAnswer {
    const now = this.#clock.monotonic()
    const rate = this.#rates.get(from) ?? new TokenBucket(EXCHANGES_OF_ONE, now)
    this.#rates.set(from, rate)
    if (!rate.tryTake(1, now)) throw new TooManyExchangesError(1000 / EXCHANGES_OF_ONE.perSecond)
    return this.#exchange.answer(from, request)
  }
}
