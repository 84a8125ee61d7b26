import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeVarint, encodeVarint } from './varint.ts'

it('reads the examples of RFC 9000, appendix A.1', () => {
  const read = (hex: string) => decodeVarint(Uint8Array.from(Buffer.from(hex, 'hex')))
  expect(read('9d7f3e7d')).toEqual({ value: 494_878_333, length: 4 })
  expect(read('7bbd')).toEqual({ value: 15_293, length: 2 })
  expect(read('25')).toEqual({ value: 37, length: 1 })
  expect(read('4025')).toEqual({ value: 37, length: 2 })
})

it('reads what it wrote, at any place, and nothing from a part of it', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.uint8Array({ maxLength: 4 }), (value, before) => {
      const bytes = encodeVarint(value)
      expect(decodeVarint(Uint8Array.of(...before, ...bytes), before.length)).toEqual({
        value,
        length: bytes.length,
      })
      expect(decodeVarint(bytes.subarray(0, -1))).toBeUndefined()
    }),
  )
})

it('writes nothing that is no number of the kind', () => {
  for (const value of [-1, 1.5, Number.NaN, 2 ** 53]) expect(() => encodeVarint(value)).toThrow(RangeError)
})
