import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { H3Error } from './h3-error.ts'
import { decodeFields, encodeFields, MAX_FIELD_SECTION_BYTES } from './qpack.ts'

const ofHex = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))

describe('a field section', () => {
  it('is read by indexes, by names of the static table and by literals, Huffman-coded or not', () => {
    // RFC 9204, B.1; then literals as browsers send them.
    expect(decodeFields(ofHex('0000 510b 2f69 6e64 6578 2e68 746d 6c'))).toEqual([[':path', '/index.html']])
    expect(decodeFields(ofHex('0000 cf d7 50 8c f1e3c2e5f23a6ba0ab90f4ff'))).toEqual([
      [':method', 'CONNECT'],
      [':scheme', 'https'],
      [':authority', 'www.example.com'],
    ])
  })

  it('is read as it was written', () => {
    const text = fc.string({ unit: fc.integer({ min: 32, max: 255 }).map(code => String.fromCharCode(code)) })
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 20 }), fields => {
        expect(decodeFields(encodeFields(fields))).toEqual(fields)
      }),
    )
  })

  it('cannot refer to a dynamic table, which there is none', () => {
    for (const section of ['0100 cf', '0000 80', '0000 10', '0000 40 01 61', '0000 00 01 61'])
      expect(() => decodeFields(ofHex(section))).toThrow(/dynamic table/)
  })

  it('cannot have too many fields, an index that is none, or a string that is longer than it', () => {
    expect(() => decodeFields(ofHex(`0000${'cf'.repeat(129)}`))).toThrow(/128 fields/)
    expect(() => decodeFields(ofHex('0000 ff 80 01'))).toThrow(H3Error)
    expect(() => decodeFields(ofHex('0000 50 7f ff ff ff ff ff'))).toThrow(H3Error)
    expect(() => decodeFields(ofHex('0000 50 05 61'))).toThrow(/ends too early/)
    expect(() => decodeFields(ofHex('00'))).toThrow(/ends too early/)
  })

  it('is fields or an H3Error, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        try {
          for (const field of decodeFields(Uint8Array.of(0, 0, ...bytes))) expect(field).toHaveLength(2)
        } catch (error) {
          expect(error).toBeInstanceOf(H3Error)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('of the largest size is read in no time', () => {
    const section = new Uint8Array(MAX_FIELD_SECTION_BYTES).fill(0xff)
    section.set([0, 0, 0x2f, 0xff, 0xf8, 0x7f])
    const began = performance.now()
    expect(() => decodeFields(section)).toThrow(H3Error)
    expect(performance.now() - began).toBeLessThan(1_000)
  })
})
