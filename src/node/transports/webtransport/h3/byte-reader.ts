import { H3, H3Error } from './h3-error.ts'
import { decodeVarint } from './varint.ts'

const EMPTY = new Uint8Array()

/** Reads what HTTP/3 is made of from a stream; holds never more than one chunk beyond what was asked for. */
export class ByteReader {
  readonly #source: { read(): Promise<Uint8Array | undefined> }
  #held: Uint8Array = EMPTY
  #isEnded = false

  constructor(source: { read(): Promise<Uint8Array | undefined> }) {
    this.#source = source
  }

  /** The next number; undefined at an end before it. Throws H3Error at an end within it. */
  async varint(): Promise<number | undefined> {
    for (;;) {
      const found = decodeVarint(this.#held)
      if (found !== undefined) {
        this.#held = this.#held.subarray(found.length)
        return found.value
      }
      if (await this.#fill()) continue
      if (this.#held.byteLength === 0) return undefined
      throw cutOff()
    }
  }

  /** Exactly so many bytes; the caller has bounded them. Throws H3Error at an end before. */
  async bytes(length: number): Promise<Uint8Array> {
    while (this.#held.byteLength < length) if (!(await this.#fill())) throw cutOff()
    const bytes = this.#held.subarray(0, length)
    this.#held = this.#held.subarray(length)
    return bytes
  }

  /** From one byte to `most`, as they come. Throws H3Error at the end. */
  async some(most: number): Promise<Uint8Array> {
    if (this.#held.byteLength === 0 && !(await this.#fill())) throw cutOff()
    const bytes = this.#held.subarray(0, most)
    this.#held = this.#held.subarray(bytes.byteLength)
    return bytes
  }

  /** Drops so many bytes, holding none of them. Throws H3Error at an end before. */
  async skip(length: number): Promise<void> {
    let left = length
    for (;;) {
      const dropped = Math.min(left, this.#held.byteLength)
      this.#held = this.#held.subarray(dropped)
      left -= dropped
      if (left === 0) return
      if (!(await this.#fill())) throw cutOff()
    }
  }

  /** Resolves when there is more to read; false at the end. */
  async wait(): Promise<boolean> {
    return this.#held.byteLength > 0 || this.#fill()
  }

  /** What was read and not asked for. */
  rest(): Uint8Array {
    const rest = this.#held
    this.#held = EMPTY
    return rest
  }

  async #fill(): Promise<boolean> {
    if (this.#isEnded) return false
    const bytes = await this.#source.read()
    if (bytes === undefined) {
      this.#isEnded = true
      return false
    }
    this.#held = this.#held.byteLength === 0 ? bytes : joined([this.#held, bytes])
    return true
  }
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.byteLength, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.byteLength
  }
  return whole
}

function cutOff(): H3Error {
  return new H3Error(H3.FRAME_ERROR, 'a stream ends within a frame')
}
