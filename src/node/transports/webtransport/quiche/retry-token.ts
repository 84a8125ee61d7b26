/**
 * Tokens of QUIC's Retry packets (RFC 9000, 8.1.2): who brings one back has shown that it receives at its address. Nothing
 * is kept for them: each is its facts and an HMAC over these.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { QuicAddress } from '../quic.ts'

/** Milliseconds in which a client answers a Retry: several times the longest path's round trip. */
export const TOKEN_LIFE_MS = 10_000
const TIME_BYTES = 6
const MAC_BYTES = 16

export class RetryTokens {
  readonly #key: Uint8Array

  /** `key`: 32 random bytes of this run. */
  constructor(key: Uint8Array) {
    this.#key = key
  }

  /** `odcid`: the destination connection id that the client chose itself. `now`: ms since the Unix epoch. */
  mint(address: QuicAddress, odcid: Uint8Array, now: number): Buffer {
    const time = Buffer.alloc(TIME_BYTES)
    time.writeUIntBE(now, 0, TIME_BYTES)
    const facts = Buffer.concat([time, odcid])
    return Buffer.concat([this.#mac(facts, address), facts])
  }

  /** The connection id that the token was made for; undefined where it is not ours, for another address, or too old. */
  redeem(token: Uint8Array, address: QuicAddress, now: number): Buffer | undefined {
    if (token.byteLength <= MAC_BYTES + TIME_BYTES) return undefined
    const mac = token.subarray(0, MAC_BYTES)
    const facts = Buffer.from(token.subarray(MAC_BYTES))
    if (!timingSafeEqual(mac, this.#mac(facts, address))) return undefined
    const age = now - facts.readUIntBE(0, TIME_BYTES)
    return age >= 0 && age <= TOKEN_LIFE_MS ? facts.subarray(TIME_BYTES) : undefined
  }

  #mac(facts: Buffer, { host, port }: QuicAddress): Buffer {
    const mac = createHmac('sha256', this.#key).update(facts).update(`${host} ${port}`).digest()
    return mac.subarray(0, MAC_BYTES)
  }
}
