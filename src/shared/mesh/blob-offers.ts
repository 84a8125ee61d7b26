import type { Clock } from '../clock.ts'
import { blobCid } from './blob-cid.ts'
import type { SessionLimits } from './session-limits.ts'

interface Offer {
  bytes: Uint8Array<ArrayBuffer>
  /** Messages that refer to it and were not fetched yet. */
  references: number
  expire: () => void
}

/**
 * The blobs that one session's peer may fetch. An offer ends when it was fetched as often as it was referred
 * to, when nobody fetched it for a while, and with the session.
 */
export class BlobOffers {
  readonly #limits: Pick<SessionLimits, 'blobsOffered' | 'blobOfferMs'>
  readonly #clock: Clock
  readonly #offers = new Map<string, Offer>()
  readonly #waiting: (() => void)[] = []
  #bytes = 0
  #ended = false

  constructor(limits: Pick<SessionLimits, 'blobsOffered' | 'blobOfferMs'>, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
  }

  /** Bytes offered now. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * Offers bytes and gives their CID, waiting while too much is offered. Undefined when `wanted` said no
   * after the wait or the session has ended.
   */
  async add(bytes: Uint8Array<ArrayBuffer>, wanted: () => boolean): Promise<string | undefined> {
    const cid = await blobCid(bytes)
    while (this.#bytes > 0 && this.#bytes + bytes.byteLength > this.#limits.blobsOffered && !this.#ended) {
      await new Promise<void>(resolve => this.#waiting.push(resolve))
    }
    if (this.#ended || !wanted()) {
      this.#wake()
      return undefined
    }
    const known = this.#offers.get(cid)
    known?.expire()
    const expire = this.#clock.after(this.#limits.blobOfferMs, () => this.#drop(cid))
    this.#offers.set(cid, { bytes, references: (known?.references ?? 0) + 1, expire })
    if (known === undefined) this.#bytes += bytes.byteLength
    return cid
  }

  get(cid: string): Uint8Array<ArrayBuffer> | undefined {
    return this.#offers.get(cid)?.bytes
  }

  /** The peer has all of it. */
  fetched(cid: string): void {
    const offer = this.#offers.get(cid)
    if (offer === undefined) return
    offer.references -= 1
    if (offer.references === 0) this.#drop(cid)
  }

  end(): void {
    this.#ended = true
    for (const cid of [...this.#offers.keys()]) this.#drop(cid)
    this.#wake()
  }

  #drop(cid: string): void {
    const offer = this.#offers.get(cid)
    if (offer === undefined) return
    offer.expire()
    this.#offers.delete(cid)
    this.#bytes -= offer.bytes.byteLength
    this.#wake()
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
