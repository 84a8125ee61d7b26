/** The Huffman code of HPACK and QPACK (RFC 7541, Appendix B). It is canonical, so the lengths of its codes are all of it. */
import { H3, H3Error } from './h3-error.ts'

/** Bits of the code of each octet. */
// biome-ignore format: sixteen octets a line
const LENGTHS = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
]
/** Its first bits pad the last octet. */
const END_OF_STRING = { symbol: 256, length: 30 }
const MAX_LENGTH = 30
const MAX_PADDING = 7

/** For each length: the first code of it, and the symbols that have the codes from there on. */
const table: { first: number; symbols: number[] }[] = canonicalTable()

/** Throws H3Error for padding that is none, and for the end-of-string symbol. */
export function decodeHuffman(bytes: Uint8Array): Uint8Array {
  const decoded: number[] = []
  let code = 0
  let length = 0
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit -= 1) {
      code = (code << 1) | ((byte >>> bit) & 1)
      length += 1
      const entry = table[length]
      const symbol = entry?.symbols[code - entry.first]
      if (symbol === undefined) {
        if (length >= MAX_LENGTH) throw invalid()
        continue
      }
      if (symbol === END_OF_STRING.symbol) throw invalid()
      decoded.push(symbol)
      code = 0
      length = 0
    }
  }
  const isPadding = length <= MAX_PADDING && code === 2 ** length - 1
  if (!isPadding) throw invalid()
  return Uint8Array.from(decoded)
}

function canonicalTable(): { first: number; symbols: number[] }[] {
  const byLength = Array.from({ length: MAX_LENGTH + 1 }, () => ({ first: 0, symbols: [] as number[] }))
  for (const [symbol, length] of LENGTHS.entries()) byLength[length]?.symbols.push(symbol)
  byLength[END_OF_STRING.length]?.symbols.push(END_OF_STRING.symbol)
  let code = 0
  for (const entry of byLength) {
    code *= 2
    entry.first = code
    code += entry.symbols.length
  }
  return byLength
}

function invalid(): H3Error {
  return new H3Error(H3.QPACK_DECOMPRESSION_FAILED, 'a Huffman code that is none')
}
