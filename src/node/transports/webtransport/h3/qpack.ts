/**
 * Field sections (RFC 9204), by the static table and literals only: our settings allow no dynamic table, so a reference to one
 * is an error.
 */
import { joined } from './byte-reader.ts'
import { H3, H3Error } from './h3-error.ts'
import { decodeHuffman } from './huffman.ts'
import { STATIC_TABLE } from './qpack-static-table.ts'

/** Bytes of a HEADERS frame that is read. */
export const MAX_FIELD_SECTION_BYTES = 16 * 1024
const MAX_FIELDS = 128

export type Fields = readonly (readonly [name: string, value: string])[]

/** Throws H3Error for anything that is no field section, refers to a dynamic table, or has too many fields. */
export function decodeFields(section: Uint8Array): Fields {
  const cursor = new Cursor(section)
  const requiredInsertCount = cursor.integer(8)
  cursor.integer(7)
  if (requiredInsertCount !== 0) throw failed('it refers to a dynamic table')
  const fields: (readonly [string, string])[] = []
  while (!cursor.isAtEnd) {
    if (fields.length >= MAX_FIELDS) throw failed(`more than ${MAX_FIELDS} fields`)
    fields.push(fieldLine(cursor))
  }
  return fields
}

/** Names in lower case. Literals without Huffman; what the static table has whole is one byte. */
export function encodeFields(fields: Fields): Uint8Array {
  const lines = fields.map(([name, value]) => {
    const index = STATIC_TABLE.findIndex(entry => entry[0] === name && entry[1] === value)
    if (index >= 0) return integer(0xc0, 6, index)
    return joined([...text(0x20, 3, name), ...text(0x00, 7, value)])
  })
  return joined([Uint8Array.of(0, 0), ...lines])
}

/** One of the representations of RFC 9204, 4.5. */
function fieldLine(cursor: Cursor): readonly [string, string] {
  const first = cursor.peek()
  if ((first & 0x80) !== 0) {
    if ((first & 0x40) === 0) throw failed('it refers to a dynamic table')
    return staticEntry(cursor.integer(6))
  }
  if ((first & 0x40) !== 0) {
    if ((first & 0x10) === 0) throw failed('it refers to a dynamic table')
    const [name] = staticEntry(cursor.integer(4))
    return [name, cursor.text(7)]
  }
  if ((first & 0x20) !== 0) return [cursor.text(3), cursor.text(7)]
  throw failed('it refers to a dynamic table')
}

function staticEntry(index: number): readonly [string, string] {
  const entry = STATIC_TABLE[index]
  if (entry === undefined) throw failed(`the static table has no entry ${index}`)
  return entry
}

class Cursor {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.byteLength
  }

  peek(): number {
    const byte = this.#bytes[this.#at]
    if (byte === undefined) throw failed('it ends too early')
    return byte
  }

  /** In the last `bits` of this byte, and the bytes after it (RFC 7541, 5.1). */
  integer(bits: number): number {
    const most = 2 ** bits - 1
    let value = this.#next() & most
    if (value < most) return value
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#next()
      value += (byte & 0x7f) * scale
      if (value > MAX_FIELD_SECTION_BYTES) throw failed('a number is too large')
      if ((byte & 0x80) === 0) return value
      if (scale > MAX_FIELD_SECTION_BYTES) throw failed('a number is too long')
    }
  }

  /** A string whose length stands in the last `bits` of this byte, the bit before says whether it is Huffman-coded. */
  text(bits: number): string {
    const isHuffman = (this.peek() & (1 << bits)) !== 0
    const length = this.integer(bits)
    if (this.#at + length > this.#bytes.byteLength) throw failed('it ends too early')
    const coded = this.#bytes.subarray(this.#at, this.#at + length)
    this.#at += length
    // Field values are octets (RFC 9110, 5.5): one character each.
    return String.fromCharCode(...(isHuffman ? decodeHuffman(coded) : coded))
  }

  #next(): number {
    const byte = this.peek()
    this.#at += 1
    return byte
  }
}

/** `value` in the last `bits` of a byte that begins with `pattern`. */
function integer(pattern: number, bits: number, value: number): Uint8Array {
  const most = 2 ** bits - 1
  if (value < most) return Uint8Array.of(pattern | value)
  const bytes = [pattern | most]
  let rest = value - most
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push(0x80 | (rest & 0x7f))
  bytes.push(rest)
  return Uint8Array.from(bytes)
}

function text(pattern: number, bits: number, value: string): [Uint8Array, Uint8Array] {
  const octets = Uint8Array.from(value, character => character.charCodeAt(0))
  return [integer(pattern, bits, octets.byteLength), octets]
}

function failed(why: string): H3Error {
  return new H3Error(H3.QPACK_DECOMPRESSION_FAILED, `a field section cannot be read: ${why}`)
}
