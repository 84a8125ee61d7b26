import { LRUCache } from 'lru-cache'
import type { AddressRange } from './address-range.ts'
import type { MeshLimits, PeerLimits, RangeLimits } from './peer-limits.ts'
import { TokenBucket } from './token-bucket.ts'

/** Peers and ranges whose use is remembered; the one heard of longest ago is forgotten first. */
export const ACCOUNTS_REMEMBERED = 4096

/** What one peer has used of its rates. */
export class PeerAccount {
  limits: PeerLimits
  readonly connections: TokenBucket
  readonly streams: TokenBucket
  readonly messages: TokenBucket
  readonly control: TokenBucket
  readonly bytes: TokenBucket

  constructor(limits: PeerLimits, now: number) {
    this.limits = limits
    this.connections = new TokenBucket(limits.connectionRate, now)
    this.streams = new TokenBucket(limits.streamRate, now)
    this.messages = new TokenBucket(limits.messageRate, now)
    this.control = new TokenBucket(limits.controlRate, now)
    this.bytes = new TokenBucket(limits.byteRate, now)
  }

  /** The peer got a grant, or lost it. */
  change(limits: PeerLimits): void {
    if (limits === this.limits) return
    this.limits = limits
    this.connections.change(limits.connectionRate)
    this.streams.change(limits.streamRate)
    this.messages.change(limits.messageRate)
    this.control.change(limits.controlRate)
    this.bytes.change(limits.byteRate)
  }
}

/** What all peers without a grant of one range have used together. */
export interface RangeAccount {
  readonly limits: RangeLimits
  readonly connections: TokenBucket
  readonly messages: TokenBucket
  readonly bytes: TokenBucket
}

/** The accounts, which outlive connections: who comes again goes on where it was. */
export class PeerAccounts {
  readonly #limits: MeshLimits
  readonly #peers = new LRUCache<string, PeerAccount>({ max: ACCOUNTS_REMEMBERED })
  readonly #ranges = new LRUCache<string, RangeAccount>({ max: ACCOUNTS_REMEMBERED })

  constructor(limits: MeshLimits) {
    this.#limits = limits
  }

  of(peerId: string, trusted: boolean, now: number): PeerAccount {
    const limits = trusted ? this.#limits.granted : this.#limits.stranger
    const known = this.#peers.get(peerId)
    if (known !== undefined) {
      known.change(limits)
      return known
    }
    const account = new PeerAccount(limits, now)
    this.#peers.set(peerId, account)
    return account
  }

  /** Undefined where ranges do not count. */
  ofRange({ kind, key }: AddressRange, now: number): RangeAccount | undefined {
    if (kind === 'open') return undefined
    const known = this.#ranges.get(key)
    if (known !== undefined) return known
    const limits = this.#limits[kind]
    const account: RangeAccount = {
      limits,
      connections: new TokenBucket(limits.connectionRate, now),
      messages: new TokenBucket(limits.messageRate, now),
      bytes: new TokenBucket(limits.byteRate, now),
    }
    this.#ranges.set(key, account)
    return account
  }
}
