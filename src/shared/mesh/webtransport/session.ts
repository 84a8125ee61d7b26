import type { ByteStream } from './byte-stream.ts'

/** A WebTransport session, whoever made it: a browser, or one of the node's QUIC drivers. */
export interface WebTransportSession {
  /** The next stream that the other side opened; undefined once the session has ended. One call at a time. */
  accept(): Promise<ByteStream | undefined>
  /** Opens a stream, waiting while the other side allows no more of them. Rejects when the session has ended, and on abort. */
  open(signal: AbortSignal): Promise<ByteStream>
  /**
   * Ends the session: here at once, for the other side after `lingerMs` milliseconds, in which what was written to streams
   * still goes out. 0: what did not arrive is lost.
   */
  close(lingerMs?: number): void
  /** Resolves when the session has ended, by whomever and for whatever reason. */
  readonly closed: Promise<void>
}
