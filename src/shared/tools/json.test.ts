import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { escapePointer, isJson, pathOfNonJson } from './json.ts'

describe('pathOfNonJson', () => {
  it.each([
    [{ a: [1, { 'b/c': undefined }] }, '/a/1/b~1c'],
    [{ a: Number.NaN }, '/a'],
    [[new Date(0)], '/0'],
    [new Array(2), '/0'],
    [{ a: new Map() }, '/a'],
    [undefined, ''],
    [{ a: 1n }, '/a'],
  ])('finds the first part that JSON cannot hold', (value, path) => {
    expect(pathOfNonJson(value)).toBe(path)
    expect(isJson(value)).toBe(false)
  })

  it('finds nothing in any JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        expect(pathOfNonJson(value)).toBeUndefined()
      }),
    )
  })
})

describe('escapePointer', () => {
  it('escapes ~ before /', () => {
    expect(escapePointer('a~1/b')).toBe('a~01~1b')
  })
})
