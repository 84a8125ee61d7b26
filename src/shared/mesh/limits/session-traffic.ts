import type { Clock } from '../../clock.ts'
import { PeerOverLimitError } from './errors.ts'
import type { PeerAccount, RangeAccount } from './peer-accounts.ts'
import type { MeshLimits, PeerLimits } from './peer-limits.ts'
import type { TokenBucket } from './token-bucket.ts'

export interface SessionTrafficInit {
  account: PeerAccount
  /** Of the address that a peer without a grant comes from, where ranges count. */
  range: RangeAccount | undefined
  limits: MeshLimits
  clock: Clock
}

/**
 * Counts what a session takes in. A peer with a grant that sends too fast first gets its credit late, which stops one that
 * keeps to the protocol; who sends on beyond that, or has no grant, is over its limit.
 */
export class SessionTraffic {
  readonly #init: SessionTrafficInit
  #range: RangeAccount | undefined

  constructor(init: SessionTrafficInit) {
    this.#init = init
    this.#range = init.range
  }

  /** The peer got its grant, or is one whom we dialled: the limits of its kind, and its range no longer counts. */
  trust(): void {
    this.#init.account.change(this.#init.limits.granted)
    this.#range = undefined
  }

  /** Counts what came in one piece; `control` of the messages no credit holds back. Throws PeerOverLimitError. */
  arrived(messages: number, bytes: number, control: number): void {
    const { account, clock, limits } = this.#init
    const now = clock.monotonic()
    const beyond = account.limits === limits.granted ? limits.beyond : { messages: 0, bytes: 0 }
    check('messages of a peer', account.messages, messages, now, account.limits.messageRate, beyond.messages)
    if (control > 0)
      check('credit and pings of a peer', account.control, control, now, account.limits.controlRate, 0)
    check('bytes of a peer', account.bytes, bytes, now, account.limits.byteRate, beyond.bytes)
    const range = this.#range
    if (range === undefined) return
    check('messages of an address range', range.messages, messages, now, range.limits.messageRate, 0)
    check('bytes of an address range', range.bytes, bytes, now, range.limits.byteRate, 0)
  }

  /** Milliseconds by which the peer's credit is to be late; 0 while it keeps to its rate. */
  lateBy(): number {
    const { account, clock } = this.#init
    const now = clock.monotonic()
    return Math.max(account.messages.waitMs(now), account.bytes.waitMs(now))
  }
}

function check(
  limit: string,
  bucket: TokenBucket,
  amount: number,
  now: number,
  { perSecond, burst }: PeerLimits['messageRate'],
  beyond: number,
): void {
  const owed = bucket.take(amount, now)
  if (owed <= beyond) return
  const allowed = `${perSecond} a second, ${burst + beyond} at once`
  throw new PeerOverLimitError(limit, Math.ceil(burst + owed), allowed)
}
