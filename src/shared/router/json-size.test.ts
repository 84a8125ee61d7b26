import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../tools/tool.ts'
import { fitsIn } from './json-size.ts'

describe('fitsIn', () => {
  it('agrees with the bytes of the JSON text, to the byte', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), value => {
        const json = JSON.parse(JSON.stringify(value)) as Json
        const bytes = new TextEncoder().encode(JSON.stringify(json)).length
        expect(fitsIn(json, bytes)).toBe(true)
        expect(fitsIn(json, bytes - 1)).toBe(false)
      }),
    )
  })
})
