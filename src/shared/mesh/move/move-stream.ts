import type { Stream } from '@libp2p/interface'
import { SessionClosedError } from '../errors.ts'
import { encodeFrame, FRAME_HEADER_BYTES, FrameDecoder, parseBody } from '../frame.ts'

/** The largest first frame of a move, in bytes: a token. */
const FIRST_FRAME_BYTES = 256

/** Bytes that a session's window and its pings may have under way; a peer that sends more before it may is refused. */
const HELD_BYTES = 4 * 1024 * 1024

/**
 * The stream that a session is about to move to. Its first frame is the handshake's; all that comes after it is the
 * session's, and is held until the session has read the last of its old stream.
 */
export class MoveStream {
  readonly stream: Stream
  readonly #first = Promise.withResolvers<unknown>()
  readonly #held: Uint8Array[] = []
  #heldBytes = 0
  /** The bytes of the first frame that have come. */
  #head: Uint8Array = new Uint8Array(0)
  #headSeen = false
  #read: ((chunk: Uint8Array) => void) | undefined

  constructor(stream: Stream) {
    this.stream = stream
    this.#first.promise.catch(() => {})
    stream.addEventListener('message', ({ data }) => {
      for (const chunk of data instanceof Uint8Array ? [data] : data) this.#take(chunk)
    })
    const ended = () => this.#first.reject(new SessionClosedError('the stream of a move was closed'))
    stream.addEventListener('remoteCloseWrite', ended)
    stream.addEventListener('close', ended)
    queueMicrotask(() => {
      if (stream.status !== 'open') ended()
    })
  }

  /** The JSON of the first frame. Throws `bad_frame` or `frame_too_large`, and `unavailable` when the stream ends before it. */
  async first(signal: AbortSignal): Promise<unknown> {
    const abort = () => this.#first.reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    try {
      return await this.#first.promise
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  /** Gives what was held, and everything later. */
  flow(read: (chunk: Uint8Array) => void): void {
    for (const chunk of this.#held.splice(0)) read(chunk)
    this.#read = read
  }

  send(value: Record<string, string>): void {
    this.stream.send(encodeFrame(JSON.stringify(value)))
  }

  abort(error: unknown): void {
    this.stream.abort(error instanceof Error ? error : new Error(String(error)))
  }

  #take(chunk: Uint8Array): void {
    if (!this.#headSeen) {
      this.#takeFirst(chunk)
      return
    }
    if (this.#read !== undefined) {
      this.#read(chunk)
      return
    }
    this.#heldBytes += chunk.byteLength
    if (this.#heldBytes > HELD_BYTES) this.abort(new Error(`more than ${HELD_BYTES} bytes before the move`))
    else this.#held.push(chunk)
  }

  /** The decoder takes the bytes of the first frame only: the rest is not ours to decode. */
  #takeFirst(chunk: Uint8Array): void {
    const bytes = new Uint8Array(this.#head.byteLength + chunk.byteLength)
    bytes.set(this.#head)
    bytes.set(chunk, this.#head.byteLength)
    this.#head = bytes
    if (bytes.byteLength < FRAME_HEADER_BYTES) return
    const end = FRAME_HEADER_BYTES + new DataView(bytes.buffer).getUint32(0)
    try {
      const [body] = new FrameDecoder(FIRST_FRAME_BYTES).push(bytes.subarray(0, end))
      if (body === undefined) return
      this.#headSeen = true
      this.#head = new Uint8Array(0)
      this.#first.resolve(parseBody(body))
    } catch (error) {
      this.#first.reject(error)
      this.abort(error)
      return
    }
    if (bytes.byteLength > end) this.#take(bytes.subarray(end))
  }
}
