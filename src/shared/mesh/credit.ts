/**
 * Credit (docs/PROTOCOL.md "Flow"): each side has a bounded number of bytes sent and not acknowledged; the
 * other acknowledges with `notifications/toolmesh/credit {bytes}` what its upper layers have taken.
 */
import { WindowExceededError } from './errors.ts'

/** A receiver acknowledges at the latest when it has taken this part of the window. */
const ACKNOWLEDGE_PART = 8

/** The sender's account. */
export class CreditWindow {
  #limit: number
  #outstanding = 0

  constructor(limitBytes: number) {
    this.#limit = limitBytes
  }

  get outstanding(): number {
    return this.#outstanding
  }

  /**
   * Whether `bytes` may go now, with `reserved` bytes of the window kept for others. A single frame larger
   * than the window goes when no more is under way than a receiver may leave unacknowledged.
   */
  admits(bytes: number, reserved: number): boolean {
    if (this.#outstanding <= this.#limit / ACKNOWLEDGE_PART) return true
    return this.#outstanding + bytes <= this.#limit - reserved
  }

  /** The peer said how much it takes unacknowledged; `Infinity` for one that gives no credit. */
  agree(peerBytes: number): void {
    this.#limit = peerBytes === Number.POSITIVE_INFINITY ? peerBytes : Math.min(this.#limit, peerBytes)
  }

  sent(bytes: number): void {
    this.#outstanding += bytes
  }

  /** What the peer acknowledged; never more than what is outstanding. */
  acknowledged(bytes: number): void {
    this.#outstanding = Math.max(0, this.#outstanding - bytes)
  }
}

/** The receiver's account: what arrived, what of it was taken, and when that is worth an acknowledgement. */
export class CreditLedger {
  readonly #batch: number
  readonly #most: number
  readonly #acknowledge: (bytes: number) => void
  #arrived = 0
  #taken = 0
  #agreed = false

  /**
   * Less than an eighth of `windowBytes`, which the peer may have unacknowledged, need not be acknowledged.
   * `frameBytes`: the largest frame, which may come alone on top.
   */
  constructor(windowBytes: number, frameBytes: number, acknowledge: (bytes: number) => void) {
    this.#batch = windowBytes / ACKNOWLEDGE_PART
    this.#most = windowBytes + frameBytes
    this.#acknowledge = acknowledge
  }

  /** Both sides agreed; what was taken so far counts. */
  agree(): void {
    this.#agreed = true
    this.#settle()
  }

  /** Throws `rate_limited` when the peer sends on although nothing is taken: it does not keep to the window. */
  arrived(bytes: number): void {
    this.#arrived += bytes
    if (this.#arrived > this.#most) throw new WindowExceededError(this.#arrived, this.#most)
  }

  taken(bytes: number): void {
    this.#arrived -= bytes
    this.#taken += bytes
    this.#settle()
  }

  #settle(): void {
    if (!this.#agreed || this.#taken < this.#batch) return
    const bytes = this.#taken
    this.#taken = 0
    this.#acknowledge(bytes)
  }
}
