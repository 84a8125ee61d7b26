import { describe, expect, it } from 'vitest'
import type { Json, JsonObject, JsonSchema } from '../../tools/tool.ts'
import { comparisons } from './check-cost.ts'
import { checkGiven } from './check-given.ts'
import { jsonSchemaFault } from './json-schema-fault.ts'
import { MAX_COMPARISONS } from './limits.ts'

function refusal(given: Json, schema?: JsonSchema): JsonObject | undefined {
  try {
    checkGiven(given, schema, '/input')
    return undefined
  } catch (error) {
    const { code, details } = Object(error)
    return { code, field: details.field, allowed: details.allowed }
  }
}

function nested(levels: number): Json {
  let value: Json = 1
  for (let level = 0; level < levels; level++) value = [value]
  return value
}

describe('checkGiven', () => {
  it('names the field below the given value', () => {
    const schema = { type: 'object', properties: { n: { type: 'integer' } } }
    expect(refusal({ n: 1 }, schema)).toBeUndefined()
    expect(refusal({ n: 'x' }, schema)).toMatchObject({ code: 'invalid_input', field: '/input/n' })
  })

  it('refuses what cannot be written as JSON again', () => {
    expect(refusal(nested(20_000))).toMatchObject({
      code: 'invalid_input',
      allowed: 'fewer levels of nesting',
    })
    expect(refusal({ '\ud800': 1 }, { type: 'object' })).toMatchObject({
      code: 'invalid_input',
      allowed: 'names that are valid Unicode',
    })
  })

  it('refuses a large value for a schema of many parts before it is held against it', () => {
    const anyOf = Array.from({ length: 900 }, (_, at) => ({ const: `c${at}` }))
    const schema = { type: 'object', properties: { list: { type: 'array', items: { anyOf } } } }
    expect(jsonSchemaFault(schema)).toBeUndefined()
    const started = process.cpuUsage()
    expect(refusal({ list: Array.from({ length: 500_000 }, () => 0) }, schema)).toMatchObject({
      code: 'invalid_input',
      field: '/input',
      allowed: expect.stringContaining(`at most ${MAX_COMPARISONS} comparisons`),
    })
    expect(process.cpuUsage(started).user / 1_000).toBeLessThan(2_000)
  })

  it('takes large values for a simple schema', () => {
    const item = { type: 'object', properties: { id: { type: 'string' }, n: { type: 'number' } } }
    const list = Array.from({ length: 100_000 }, (_, n) => ({ id: `i${n}`, n }))
    expect(
      refusal({ list }, { type: 'object', properties: { list: { type: 'array', items: item } } }),
    ).toBeUndefined()
  })
})

describe('comparisons', () => {
  const count = (schema: JsonSchema, value: Json) => comparisons(schema, value, 1_000)

  it('counts each schema for each value that it applies to', () => {
    expect(count({ type: 'string' }, '')).toBe(1)
    expect(count({ items: { anyOf: [{}, {}, {}] } }, [1, 2])).toBe(1 + 2 * 4)
    expect(count({ $defs: { a: { allOf: [{}, {}] } }, $ref: '#/$defs/a' }, 1)).toBe(1 + 1 + 2)
    expect(count({ properties: { a: {} }, additionalProperties: { not: {} } }, { a: 1, b: 1 })).toBe(
      1 + 1 + 2,
    )
    expect(count({ enum: ['a', 'b'] }, 1)).toBe(1 + 3)
  })

  it('ends at its limit', () => {
    expect(comparisons({ items: {} }, [1, 2, 3], 4)).toBe(4)
    expect(comparisons({ items: {} }, [1, 2, 3], 3)).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('jsonSchemaFault', () => {
  it('refuses a format whose regular expression backtracks', () => {
    expect(jsonSchemaFault({ properties: { a: { format: 'url' } } })?.path).toEqual([
      'properties',
      'a',
      'format',
    ])
    expect(jsonSchemaFault({ properties: { a: { format: 'uri' } } })).toBeUndefined()
  })

  it.each(['#/constructor', '#/__proto__', '#/properties', '#/enum/0'])('refuses a reference to %s', $ref => {
    const schema = { properties: { a: { $ref } }, enum: [{}] }
    expect(jsonSchemaFault(schema)?.path).toEqual(['properties', 'a', '$ref'])
  })
})
