import type { Clock } from '../../../../shared/clock.ts'
import type { ByteStream } from '../../../../shared/mesh/webtransport/byte-stream.ts'
import type { WebTransportSession } from '../../../../shared/mesh/webtransport/session.ts'
import type { QuicConnection, QuicStream } from '../quic.ts'
import type { ByteReader } from './byte-reader.ts'
import { closeCapsule, untilSessionEnds } from './capsule.ts'
import { H3 } from './h3-error.ts'
import type { Http3 } from './http3.ts'
import type { SessionStreams } from './session-streams.ts'

/** Milliseconds that the end of the CONNECT's stream has to arrive before the connection goes. */
const GOODBYE_MS = 50

export interface H3SessionParts {
  quic: QuicConnection
  http3: Http3
  streams: SessionStreams
  /** The stream of the CONNECT, answered with 200; the reader stands behind its HEADERS. */
  connect: QuicStream
  reader: ByteReader
  clock: Clock
}

/**
 * The session of a connection, on either side. A browser ends one by a capsule on the CONNECT's stream and leaves the
 * connection open; so that stream is read all the time.
 */
export class H3Session implements WebTransportSession {
  readonly closed: Promise<void>
  readonly #onClosed: () => void
  readonly #parts: H3SessionParts
  #isClosed = false

  constructor(parts: H3SessionParts) {
    this.#parts = parts
    const { promise, resolve } = Promise.withResolvers<void>()
    this.closed = promise
    this.#onClosed = resolve
    parts.streams.begin(parts.connect.id)
    void parts.quic.closed.then(() => this.#ended())
    void this.#watch()
  }

  accept(): Promise<ByteStream | undefined> {
    return this.#parts.streams.incoming.take()
  }

  open(signal: AbortSignal): Promise<ByteStream> {
    return this.#parts.streams.open(signal)
  }

  close(lingerMs = 0): void {
    if (this.#isClosed) return
    this.#ended()
    const { quic, clock } = this.#parts
    if (lingerMs === 0) quic.close(H3.NO_ERROR, '')
    else clock.after(lingerMs, () => this.#goodbye(closeCapsule()))
  }

  async #watch(): Promise<void> {
    await this.#parts.http3.guard(() => untilSessionEnds(this.#parts.reader))
    if (this.#isClosed) return
    this.#ended()
    this.#goodbye(new Uint8Array())
  }

  /** Ends our side of the CONNECT's stream, and the connection a little later. */
  #goodbye(last: Uint8Array): void {
    const { connect, quic, clock } = this.#parts
    if (last.byteLength > 0) connect.write(last)
    connect.end().catch(() => {})
    clock.after(GOODBYE_MS, () => quic.close(H3.NO_ERROR, ''))
  }

  #ended(): void {
    this.#isClosed = true
    this.#parts.streams.incoming.end()
    this.#onClosed()
  }
}
