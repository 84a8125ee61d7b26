import type { ByteStream } from '../../../../shared/mesh/webtransport/byte-stream.ts'
import type { QuicConnection, QuicStream } from '../quic.ts'
import { StreamInbox } from '../stream-inbox.ts'
import { ByteReader, joined } from './byte-reader.ts'
import { numberOf, WEBTRANSPORT_STREAM } from './frame.ts'
import { H3, H3Error } from './h3-error.ts'
import type { Http3 } from './http3.ts'
import { encodeVarint } from './varint.ts'

/** Streams of a session that come before its CONNECT was answered: a peer may open some with its first packets. */
const MAX_EARLY = 64

/** A request: its stream, and a reader that stands behind the type of its first frame. */
export interface RequestStream {
  stream: QuicStream
  reader: ByteReader
  firstType: number
}

/** Sorts the bidirectional streams of a peer: its requests, and those of the one session that a connection carries. */
export class SessionStreams {
  /** Those that the peer opens; a session takes them. */
  readonly incoming = new StreamInbox<ByteStream>()
  readonly requests = new StreamInbox<RequestStream>()
  readonly #quic: QuicConnection
  readonly #http3: Http3
  readonly #early: { sessionId: number; stream: QuicStream; reader: ByteReader }[] = []
  #sessionId: number | undefined
  #hasRequest = false

  constructor(quic: QuicConnection, http3: Http3) {
    this.#quic = quic
    this.#http3 = http3
    void this.#acceptAll()
  }

  /** From now on there is a session, whose id is that of its CONNECT's stream. */
  begin(sessionId: number): void {
    this.#sessionId = sessionId
    for (const { stream, reader, ...early } of this.#early.splice(0))
      this.#put(early.sessionId, stream, reader)
  }

  async open(signal: AbortSignal): Promise<ByteStream> {
    const stream = await this.#quic.open(signal)
    stream.write(joined([encodeVarint(WEBTRANSPORT_STREAM), encodeVarint(this.#sessionId ?? 0)]))
    return sessionStream(stream, undefined)
  }

  async #acceptAll(): Promise<void> {
    for (;;) {
      const stream = await this.#quic.accept()
      if (stream === undefined) break
      // Each by itself: one that says nothing holds up no other.
      void this.#http3.guard(() => this.#sort(stream))
    }
    this.incoming.end()
    this.requests.end()
  }

  async #sort(stream: QuicStream): Promise<void> {
    const reader = new ByteReader(stream)
    const type = await reader.varint()
    if (type === WEBTRANSPORT_STREAM) this.#put(await numberOf(reader), stream, reader)
    else if (type === undefined || this.#hasRequest) refuse(stream, H3.REQUEST_REJECTED)
    else {
      this.#hasRequest = true
      this.requests.put({ stream, reader, firstType: type })
    }
  }

  #put(sessionId: number, stream: QuicStream, reader: ByteReader): void {
    // A session is named by a bidirectional stream of the client.
    if (sessionId % 4 !== 0) throw new H3Error(H3.ID_ERROR, `no session can have the id ${sessionId}`)
    if (this.#sessionId === undefined) {
      if (this.#early.length < MAX_EARLY) this.#early.push({ sessionId, stream, reader })
      else refuse(stream, H3.BUFFERED_STREAM_REJECTED)
    } else if (sessionId === this.#sessionId) this.incoming.put(sessionStream(stream, reader.rest()))
    else refuse(stream, H3.BUFFERED_STREAM_REJECTED)
  }
}

function refuse(stream: QuicStream, code: number): void {
  stream.reset(code)
  stream.stop(code)
}

/** A stream behind its header; `held`: what came with that. */
function sessionStream(stream: QuicStream, held: Uint8Array | undefined): ByteStream {
  let first = held?.byteLength === 0 ? undefined : held
  return {
    async read() {
      if (first === undefined) return stream.read()
      const bytes = first
      first = undefined
      return bytes
    },
    write: bytes => stream.write(bytes),
    writable: () => stream.writable(),
    end: () => stream.end(),
    reset: () => stream.reset(H3.WEBTRANSPORT_STREAM),
    stop: () => stream.stop(H3.WEBTRANSPORT_STREAM),
    unread: stream.unread,
  }
}
