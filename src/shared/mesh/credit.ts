/**
 * Credit (docs/PROTOCOL.md "Flow"): each side has a bounded number of bytes sent and not acknowledged; the
 * other acknowledges with `notifications/toolmesh/credit {bytes}` what its upper layers have taken.
 */

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

/** The receiver's account: collects what was taken and says when it is worth an acknowledgement. */
export class CreditLedger {
  readonly #batch: number
  readonly #acknowledge: (bytes: number) => void
  #taken = 0
  #agreed = false

  /** `windowBytes`: what the peer may have unacknowledged; less than an eighth of it need not be acknowledged. */
  constructor(windowBytes: number, acknowledge: (bytes: number) => void) {
    this.#batch = windowBytes / ACKNOWLEDGE_PART
    this.#acknowledge = acknowledge
  }

  /** Both sides agreed; what was taken so far counts. */
  agree(): void {
    this.#agreed = true
    this.#settle()
  }

  taken(bytes: number): void {
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
