import type { CreateStreamOptions, MessageStream, StreamMuxerFactory } from '@libp2p/interface'
import { AbstractStreamMuxer } from '@libp2p/utils'
import type { ByteStream } from './byte-stream.ts'
import type { WebTransportSession } from './session.ts'
import { SessionStream } from './session-stream.ts'

/** What libp2p shows as the multiplexer of a WebTransport connection; nothing is negotiated by it. */
const PROTOCOL = '/webtransport'

/** Streams that come before libp2p listens for them: the other side may open many with its first packet. */
const MAX_EARLY_STREAMS = 100

/** Milliseconds that opening a stream may wait for the other side to allow one more, where the caller sets no limit. */
const OPEN_MS = 30_000

/** A session carries its own streams, so that no multiplexer of libp2p is needed above it. */
export function sessionMuxer(session: WebTransportSession): StreamMuxerFactory {
  return {
    protocol: PROTOCOL,
    createStreamMuxer: connection => new SessionMuxer(session, connection),
  }
}

class SessionMuxer extends AbstractStreamMuxer<SessionStream> {
  readonly #session: WebTransportSession
  #streams = 0

  constructor(session: WebTransportSession, connection: MessageStream) {
    super(connection, { protocol: PROTOCOL, name: 'muxer', maxEarlyStreams: MAX_EARLY_STREAMS })
    this.#session = session
    void this.#accept()
  }

  async onCreateStream(options: CreateStreamOptions): Promise<SessionStream> {
    const bytes = await this.#session.open(options.signal ?? AbortSignal.timeout(OPEN_MS))
    return this.#stream(bytes, 'outbound', options)
  }

  /** Data comes by streams only. */
  override onData(): void {}

  async #accept(): Promise<void> {
    for (;;) {
      const bytes = await this.#session.accept()
      if (bytes === undefined) return
      if (this.status === 'open') this.onRemoteStream(this.#stream(bytes, 'inbound', this.streamOptions))
      else {
        bytes.reset()
        bytes.stop()
      }
    }
  }

  #stream(bytes: ByteStream, direction: 'inbound' | 'outbound', options: object | undefined): SessionStream {
    this.#streams += 1
    const id = String(this.#streams)
    return new SessionStream(bytes, {
      ...options,
      id,
      direction,
      // To be negotiated: libp2p hands in the one that it wants, which the other side does not know.
      protocol: '',
      log: this.log.newScope(`${direction}:${id}`),
    })
  }
}
