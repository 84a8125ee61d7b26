/**
 * A bound on what a peer may send that is no data of a stream. quiche 0.18 keeps some of it without a limit of its own: pieces of
 * the TLS handshake, path challenges, retired connection ids (CVE-2024-1765, CVE-2023-6193, CVE-2024-1410). An orderly peer
 * sends little of it: acknowledgements of what we send, and a few signs of life.
 */

/** Bytes that may be owed: the connection's flow-control window (received and not read yet), and as much again as one would send in good order. */
export const MAX_DEBT_BYTES = 8 * 1024 * 1024
/** What one byte read from a stream pays for: itself, its packet's frame, and every second packet sent again. */
const PER_BYTE_READ = 1.5
/** What one byte sent pays for: an acknowledgement of 80 bytes for each packet. */
const PER_BYTE_SENT = 0.06
/** Bytes that a millisecond pays for: signs of life. */
const PER_MS = 4

export class UnreadDebt {
  #bytes = 0
  #paidAt: number

  /** Times are milliseconds of a monotonic clock. */
  constructor(now: number) {
    this.#paidAt = now
  }

  received(bytes: number): void {
    this.#bytes += bytes
  }

  read(bytes: number): void {
    this.#pay(bytes * PER_BYTE_READ)
  }

  sent(bytes: number): void {
    this.#pay(bytes * PER_BYTE_SENT)
  }

  isTooHigh(now: number): boolean {
    this.#pay((now - this.#paidAt) * PER_MS)
    this.#paidAt = now
    return this.#bytes > MAX_DEBT_BYTES
  }

  #pay(bytes: number): void {
    this.#bytes = Math.max(0, this.#bytes - bytes)
  }
}
