import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../tools/tool.ts'
import { canonicalBytes, canonicalize } from './canonical.ts'

// RFC 8785 section 3.2.2 with the result of 3.2.4 (as bytes), and section 3.2.3.
const SAMPLE = String.raw`{
  "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
  "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
  "literals": [null, true, false]
}`
const SAMPLE_BYTES =
  '7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c226e756d62657273223a5b3333333333333333332e333333333333332c31' +
  '652b33302c342e352c302e3030322c31652d32375d2c22737472696e67223a22e282ac245c75303030665c6e4127425c225c5c5c5c5c222f227d'
const KEYS = String.raw`{
  "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
  "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"
}`

// RFC 8785 appendix B: IEEE 754 bits and their JSON form.
const NUMBERS: [string, string][] = [
  ['0000000000000000', '0'],
  ['8000000000000000', '0'],
  ['0000000000000001', '5e-324'],
  ['8000000000000001', '-5e-324'],
  ['7fefffffffffffff', '1.7976931348623157e+308'],
  ['ffefffffffffffff', '-1.7976931348623157e+308'],
  ['4340000000000000', '9007199254740992'],
  ['c340000000000000', '-9007199254740992'],
  ['4430000000000000', '295147905179352830000'],
  ['44b52d02c7e14af5', '9.999999999999997e+22'],
  ['44b52d02c7e14af6', '1e+23'],
  ['44b52d02c7e14af7', '1.0000000000000001e+23'],
  ['444b1ae4d6e2ef4e', '999999999999999700000'],
  ['444b1ae4d6e2ef4f', '999999999999999900000'],
  ['444b1ae4d6e2ef50', '1e+21'],
  ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
  ['3eb0c6f7a0b5ed8d', '0.000001'],
  ['41b3de4355555553', '333333333.3333332'],
  ['41b3de4355555554', '333333333.33333325'],
  ['41b3de4355555555', '333333333.3333333'],
  ['41b3de4355555556', '333333333.3333334'],
  ['41b3de4355555557', '333333333.33333343'],
  ['becbf647612f3696', '-0.0000033333333333333333'],
  ['43143ff3c1cb0959', '1424953923781206.2'],
]

const parse = (text: string): Json => JSON.parse(text)

describe('canonicalize', () => {
  it('gives the bytes of the sample in RFC 8785', () => {
    expect(Buffer.from(canonicalBytes(parse(SAMPLE))).toString('hex')).toBe(SAMPLE_BYTES)
  })

  it('sorts keys by UTF-16 code units, as the RFC shows', () => {
    expect(Object.values(parse(canonicalize(parse(KEYS))) as object)[0]).toBe('One')
    const order = [...canonicalize(parse(KEYS)).matchAll(/:"([^"]+)"/g)].map(match => match[1])
    expect(order).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ])
  })

  it.each(NUMBERS)('writes the number of bits %s as %s', (bits, text) => {
    expect(canonicalize(Buffer.from(bits, 'hex').readDoubleBE())).toBe(text)
  })

  it('is read back as the same value, does not depend on key order, and does not change when done again', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        const text = canonicalize(value as Json)
        expect(canonicalize(parse(text))).toBe(text)
        expect(canonicalize(shuffled(value as Json))).toBe(text)
        expect(parse(text)).toEqual(parse(JSON.stringify(value)))
        expect(text).not.toMatch(/\n/)
      }),
    )
  })

  it.each([
    ['NaN', Number.NaN],
    ['infinity', [Number.POSITIVE_INFINITY]],
    ['negative infinity', { a: Number.NEGATIVE_INFINITY }],
    ['a lone high surrogate', '\ud83d'],
    ['a lone low surrogate in a key', { '\udead': 1 }],
    ['undefined', undefined],
    ['a function', () => 1],
    ['undefined in an array', [1, undefined]],
    ['a symbol', { a: Symbol('x') }],
    ['a bigint', { a: 1n }],
    ['a date', { a: new Date(0) }],
    ['a map', new Map([['a', 1]])],
    ['bytes', { a: new Uint8Array(2) }],
    ['a boxed number', new Number(1)],
    [
      'an object of a class',
      new (class Point {
        x = 1
      })(),
    ],
    ['a hole in an array', new Array(2)],
  ])('refuses %s', (_name, value) => {
    expect(() => canonicalize(value as Json)).toThrow(expect.objectContaining({ code: 'invalid_input' }))
  })

  it('takes an undefined property for absent', () => {
    expect(canonicalize({ a: undefined, b: 1 } as unknown as Json)).toBe('{"b":1}')
  })

  it('refuses a cycle, and takes the same object twice side by side', () => {
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    expect(() => canonicalize(cycle as Json)).toThrow(expect.objectContaining({ code: 'invalid_input' }))
    const shared = { a: 1 }
    expect(canonicalize([shared, shared])).toBe('[{"a":1},{"a":1}]')
  })

  it('takes a value nested ten thousand deep', () => {
    const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`
    expect(canonicalize(parse(deep))).toBe(deep)
  })

  it('has one form, however deep the value stands', () => {
    const wrap = (text: string, levels: number) => `${'['.repeat(levels)}${text}${']'.repeat(levels)}`
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        const text = canonicalize(value as Json)
        expect(canonicalize(parse(wrap(JSON.stringify(value), 40)))).toBe(wrap(text, 40))
      }),
    )
  })
})

function shuffled(value: Json): Json {
  if (Array.isArray(value)) return value.map(shuffled)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, part]) => [key, shuffled(part)]),
  )
}
