/**
 * The frames of `/mcp+p2p/1.0.0` (docs/PROTOCOL.md "Frames"): 4 bytes unsigned big-endian length, then so
 * many bytes of UTF-8 JSON. Zero length is refused.
 */
import { BadFrameError, FrameTooLargeError } from './errors.ts'

export const FRAME_HEADER_BYTES = 4

/** First size of the buffer of a frame that comes in pieces; it doubles as bytes arrive, never ahead of them. */
const FIRST_BUFFER_BYTES = 4096

const encoder = new TextEncoder()

/** The frame of a JSON text. */
export function encodeFrame(json: string): Uint8Array {
  return frameOf(encoder.encode(json))
}

/** The frame of a body; `/toolmesh/blob/1.0.0` sends bytes in the same way. */
export function frameOf(body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + body.byteLength)
  new DataView(frame.buffer).setUint32(0, body.byteLength)
  frame.set(body, FRAME_HEADER_BYTES)
  return frame
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The JSON value of a frame's body. Throws `bad_frame` for bytes that are not UTF-8 or not JSON. */
export function parseBody(body: Uint8Array): unknown {
  let text: string
  try {
    text = decoder.decode(body)
  } catch (cause) {
    throw new BadFrameError('a frame that is not UTF-8', { cause })
  }
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new BadFrameError('a frame that is not JSON', { cause })
  }
}

/**
 * Takes bytes in pieces of any size and gives the bodies of the frames that they complete. A sender of single bytes costs
 * linear time, and a header that announces more than `maxBytes` is refused before anything is allocated.
 */
export class FrameDecoder {
  #maxBytes: number
  #headerSeen = 0
  #length = 0
  #body = new Uint8Array(0)
  #bodySeen = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Accepts frames up to another size from the next header on. */
  accept(maxBytes: number): void {
    this.#maxBytes = maxBytes
  }

  /** Whether a frame has begun and is not complete. */
  get inside(): boolean {
    return this.#headerSeen > 0
  }

  /** Throws `bad_frame` or `frame_too_large`; the decoder is of no more use then. */
  *push(chunk: Uint8Array): Generator<Uint8Array> {
    let at = 0
    while (at < chunk.byteLength) {
      if (this.#headerSeen < FRAME_HEADER_BYTES) {
        at = this.#takeHeader(chunk, at)
        continue
      }
      const end = Math.min(chunk.byteLength, at + this.#length - this.#bodySeen)
      const piece = chunk.subarray(at, end)
      at = end
      const whole = piece.byteLength === this.#length
      if (!whole) this.#keep(piece)
      if (!whole && this.#bodySeen < this.#length) continue
      const body = whole ? piece : this.#body.subarray(0, this.#length)
      this.#reset()
      yield body
    }
  }

  /** The sender has ended: throws `bad_frame` if it did so inside a frame. */
  end(): void {
    if (this.inside) throw new BadFrameError('the stream ended inside a frame')
  }

  #takeHeader(chunk: Uint8Array, from: number): number {
    let at = from
    while (this.#headerSeen < FRAME_HEADER_BYTES && at < chunk.byteLength) {
      this.#length = this.#length * 256 + (chunk[at] ?? 0)
      this.#headerSeen += 1
      at += 1
    }
    if (this.#headerSeen < FRAME_HEADER_BYTES) return at
    if (this.#length === 0) throw new BadFrameError('a frame of length zero')
    if (this.#length > this.#maxBytes) throw new FrameTooLargeError('frame', this.#length, this.#maxBytes)
    return at
  }

  #keep(piece: Uint8Array): void {
    const needed = this.#bodySeen + piece.byteLength
    if (needed > this.#body.byteLength) {
      const size = Math.max(needed, this.#body.byteLength * 2, FIRST_BUFFER_BYTES)
      const grown = new Uint8Array(Math.min(this.#length, size))
      grown.set(this.#body.subarray(0, this.#bodySeen))
      this.#body = grown
    }
    this.#body.set(piece, this.#bodySeen)
    this.#bodySeen = needed
  }

  #reset(): void {
    this.#headerSeen = 0
    this.#length = 0
    this.#bodySeen = 0
    this.#body = new Uint8Array(0)
  }
}
