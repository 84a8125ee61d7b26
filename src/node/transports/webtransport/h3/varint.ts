/**
 * Variable-length integers of QUIC (RFC 9000, 16). Those above 2^53 lose their last bits, which only numbers that nobody
 * defined can have: they are skipped by whoever meets them.
 */

const MAX_VARINT = 2 ** 62 - 1

/** Throws a RangeError below 0 or above 2^53 - 1, which no caller of ours needs. */
export function encodeVarint(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0 || value > MAX_VARINT)
    throw new RangeError(`no varint: ${value}`)
  if (value < 2 ** 6) return Uint8Array.of(value)
  if (value < 2 ** 14) return Uint8Array.of(0x40 | (value >>> 8), value & 0xff)
  const length = value < 2 ** 30 ? 4 : 8
  const bytes = new Uint8Array(length)
  let rest = value
  for (let at = length - 1; at >= 0; at -= 1) {
    bytes[at] = rest % 256
    rest = Math.floor(rest / 256)
  }
  bytes[0] = (bytes[0] ?? 0) | (length === 4 ? 0x80 : 0xc0)
  return bytes
}

/** The number that begins at `at`, and its length in bytes; undefined where the bytes end before it does. */
export function decodeVarint(bytes: Uint8Array, at = 0): { value: number; length: number } | undefined {
  const first = bytes[at]
  if (first === undefined) return undefined
  const length = 1 << (first >>> 6)
  if (at + length > bytes.byteLength) return undefined
  let value = first & 0x3f
  for (let next = at + 1; next < at + length; next += 1) value = value * 256 + (bytes[next] ?? 0)
  return { value, length }
}
