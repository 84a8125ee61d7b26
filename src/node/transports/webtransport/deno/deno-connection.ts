import { byteStreamOf, type WebStreamPair } from '../../../../shared/mesh/webtransport/byte-stream.ts'
import { QuicConnectionError } from '../errors.ts'
import type { QuicAddress, QuicConnection, QuicEnd, QuicStream } from '../quic.ts'
import type { DenoConnection } from './deno-api.ts'

/** A connection of Deno's. Its streams end when they are collected, so those that only one side uses are kept here. */
export class DenoQuicConnection implements QuicConnection {
  readonly remoteAddress: QuicAddress
  readonly closed: Promise<QuicEnd>
  readonly #native: DenoConnection
  readonly #incoming
  readonly #incomingUnidirectional
  readonly #kept: QuicStream[] = []
  #isClosed = false

  constructor(native: DenoConnection) {
    this.#native = native
    const { hostname, port } = native.remoteAddr
    this.remoteAddress = { host: hostname.replace(/^\[|\]$/g, ''), port }
    // It rejects where nothing was heard for too long; nobody to catch that would end the process.
    this.closed = native.closed.then(
      ({ closeCode, reason }) => ({ code: closeCode, reason }),
      error => ({ code: 0, reason: messageOf(error) }),
    )
    void this.closed.then(() => {
      this.#isClosed = true
      this.#kept.length = 0
    })
    this.#incoming = native.incomingBidirectionalStreams.getReader()
    this.#incomingUnidirectional = native.incomingUnidirectionalStreams.getReader()
  }

  async accept(): Promise<QuicStream | undefined> {
    const pair = await nextOf(this.#incoming)
    return pair && quicStream(pair, pair.readable.id)
  }

  async acceptUnidirectional(): Promise<QuicStream | undefined> {
    const readable = await nextOf(this.#incomingUnidirectional)
    return readable && this.#keep(quicStream({ readable, writable: new WritableStream() }, readable.id))
  }

  async open(signal: AbortSignal): Promise<QuicStream> {
    const pair = await this.#opened(
      this.#native.createBidirectionalStream({ waitUntilAvailable: true }),
      signal,
    )
    return quicStream(pair, pair.writable.id)
  }

  async openUnidirectional(signal: AbortSignal): Promise<QuicStream> {
    const writable = await this.#opened(
      this.#native.createUnidirectionalStream({ waitUntilAvailable: true }),
      signal,
    )
    const readable = new ReadableStream<Uint8Array>({ start: control => control.close() })
    return this.#keep(quicStream({ readable, writable }, writable.id))
  }

  close(code: number, reason: string): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#native.close({ closeCode: code, reason })
  }

  #keep(stream: QuicStream): QuicStream {
    this.#kept.push(stream)
    return stream
  }

  /** The wait itself cannot be taken back: a stream that comes after the abort is given up. */
  async #opened<T extends object>(opening: Promise<T>, signal: AbortSignal): Promise<T> {
    if (signal.aborted) {
      opening.then(giveUp, () => {})
      throw signal.reason
    }
    const { promise: aborted, reject } = Promise.withResolvers<never>()
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await Promise.race([opening, aborted])
    } catch (error) {
      opening.then(giveUp, () => {})
      throw signal.aborted ? signal.reason : new QuicConnectionError('no stream can be opened', error)
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }
}

function giveUp(opened: object): void {
  if ('readable' in opened && opened.readable instanceof ReadableStream)
    opened.readable.cancel().catch(() => {})
  const writable = 'writable' in opened ? opened.writable : opened
  if (writable instanceof WritableStream) writable.abort().catch(() => {})
}

/** The reset code cannot be given, and a reset looks like an end to the peer: Deno 2.9 has no way to send one. */
function quicStream(pair: WebStreamPair, id: bigint): QuicStream {
  return { ...byteStreamOf(pair), id: Number(id) }
}

async function nextOf<T>(reader: ReadableStreamDefaultReader<T>): Promise<T | undefined> {
  try {
    const { done, value } = await reader.read()
    return done ? undefined : value
  } catch {
    return undefined
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
