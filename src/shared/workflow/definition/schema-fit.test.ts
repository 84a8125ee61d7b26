import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json, JsonObject, JsonSchema } from '../../tools/tool.ts'
import { validateAgainst } from '../../tools/validate.ts'
import { misfits } from './schema-fit.ts'
import { ofSchema, type Shape, shapeAt } from './shape.ts'

const found = (shape: Shape, schema: JsonSchema) => misfits(shape, schema, { left: 100_000 })

/** Any JSON whose lists have something in them: a list of what cannot fit is told of, though an empty one would. */
const { json } = fc.letrec<{ json: Json }>(tie => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<Json>(null, true, false, 0, 1, 2.5, 'a', 'b', ''),
    fc.array(tie('json'), { minLength: 1, maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('json'), { maxKeys: 3 }),
  ),
}))

/** A schema that a value fits, of all the keywords that are looked at. */
function schemaOf(value: Json): fc.Arbitrary<JsonSchema> {
  const other = json.map(each => ({ const: each }) as JsonObject)
  return fc.oneof(
    { maxDepth: 3 },
    plainSchemaOf(value),
    fc
      .tuple(plainSchemaOf(value), other)
      .chain(([own, not]) =>
        fc.constantFrom<JsonSchema>(
          { anyOf: [own, not] },
          { anyOf: [not, own] },
          { allOf: [own] },
          { ...own, allOf: [{}, true] },
          { oneOf: [own] },
        ),
      ),
  )
}

function plainSchemaOf(value: Json): fc.Arbitrary<JsonSchema> {
  const only = fc.constantFrom<JsonSchema>({}, { const: value }, { enum: ['z', value] })
  if (value === null)
    return fc.oneof(only, fc.constantFrom<JsonSchema>({ type: 'null' }, { type: ['string', 'null'] }))
  if (typeof value === 'boolean') return fc.oneof(only, fc.constant({ type: 'boolean' }))
  if (typeof value === 'string')
    return fc.oneof(only, fc.constant({ type: 'string', maxLength: value.length }))
  if (typeof value === 'number')
    return fc.oneof(
      only,
      fc.constantFrom<JsonSchema>(
        { type: 'number', minimum: value },
        Number.isInteger(value) ? { type: 'integer' } : {},
      ),
    )
  return fc.oneof(only, Array.isArray(value) ? listSchemaOf(value) : objectSchemaOf(value))
}

function listSchemaOf(value: readonly Json[]): fc.Arbitrary<JsonSchema> {
  const each = fc.tuple(...value.map(schemaOf))
  return fc.oneof(
    each.map(items => ({ type: 'array', items: { anyOf: items } })),
    each.map(prefixItems => ({ type: 'array', prefixItems, items: false })),
    fc.constant<JsonSchema>({ type: ['array', 'null'], minItems: value.length, maxItems: value.length }),
  )
}

function objectSchemaOf(value: JsonObject): fc.Arbitrary<JsonSchema> {
  const keys = Object.keys(value)
  return fc
    .tuple(fc.tuple(...Object.values(value).map(schemaOf)), fc.subarray(keys), fc.boolean(), fc.boolean())
    .map(([members, required, closed, referred]) => {
      const properties = Object.fromEntries(keys.map((key, at) => [key, members[at] ?? {}]))
      const schema = {
        type: 'object',
        properties,
        required,
        ...(closed ? { additionalProperties: false } : {}),
      }
      return referred ? { $ref: '#/$defs/it', $defs: { it: schema } } : schema
    })
}

function fits(schema: JsonSchema, value: Json): boolean {
  try {
    validateAgainst(schema, value, 'value')
    return true
  } catch {
    return false
  }
}

/** References only lead somewhere from the root that they were written for. */
const selfContained = (schema: JsonSchema) =>
  !JSON.stringify(schema).slice(1).includes('"$ref"') || schema.$ref !== undefined

describe('what is said not to fit', () => {
  it('never is what a value fits that is both', () => {
    const pair = json.chain(value => fc.tuple(fc.constant(value), schemaOf(value), schemaOf(value)))
    fc.assert(
      fc.property(pair, ([value, from, to]) => {
        fc.pre(selfContained(from) && selfContained(to) && fits(from, value) && fits(to, value))
        expect(found(ofSchema(from), to)).toEqual([])
        expect(found({ kind: 'value', value }, to)).toEqual([])
      }),
      { numRuns: 3_000 },
    )
  })

  it('never is a pointer that leads somewhere', () => {
    const pair = json.chain(value => fc.tuple(fc.constant(value), schemaOf(value)))
    fc.assert(
      fc.property(pair, ([value, schema]) => {
        fc.pre(selfContained(schema) && fits(schema, value))
        for (const tokens of pathsOf(value)) expect(shapeAt(ofSchema(schema), tokens)).toBeDefined()
      }),
      { numRuns: 3_000 },
    )
  })

  it('is what a known value does not fit by types, members, items and scalars', () => {
    const to: JsonSchema = {
      type: 'object',
      properties: {
        n: { type: 'integer', maximum: 5 },
        s: { enum: ['x', 'y'] },
        l: { type: 'array', items: { $ref: '#/$defs/t' }, maxItems: 2 },
      },
      required: ['n'],
      additionalProperties: false,
      $defs: { t: { type: 'string', minLength: 2 } },
    }
    const paths = (value: Json) =>
      found({ kind: 'value', value }, to).map(({ path, problem }) => `${problem} ${path.join('/')}`)
    expect(paths({ n: 3, s: 'x', l: ['ab'] })).toEqual([])
    expect(paths({ n: 6, s: 'z', l: ['a', 1], k: null })).toEqual([
      'is n',
      'is s',
      'is l/0',
      'is l/1',
      'has k',
    ])
    expect(paths({ l: ['ab', 'cd', 'ef'] })).toEqual(['lacks n', 'is l'])
    expect(paths([])).toEqual(['is '])
  })

  it('ends in schemas that lie in themselves', () => {
    const tree: JsonSchema = {
      $ref: '#/$defs/tree',
      $defs: {
        tree: { type: 'object', properties: { next: { $ref: '#/$defs/tree' } }, required: ['next'] },
        loop: { $ref: '#/$defs/loop' },
      },
    }
    expect(found(ofSchema(tree), tree)).toEqual([])
    expect(found(ofSchema({ ...tree, $ref: '#/$defs/loop' }), tree)).toEqual([])
    expect(shapeAt(ofSchema({ anyOf: [{ $ref: '#' }] }), ['a', 'b'])).toBeDefined()
    const branching: JsonSchema = {
      anyOf: Array.from({ length: 10 }, () => ({ properties: { a: { $ref: '#' } }, required: ['a', 'b'] })),
    }
    const endless = shapeAt(ofSchema(branching), ['a', 'a', 'a'])
    expect(found(endless ?? { kind: 'any' }, branching)).toEqual([])
    expect(found({ kind: 'value', value: { a: { a: { a: {} } } } }, branching)).not.toEqual([])
  })
})

function pathsOf(value: Json): string[][] {
  if (typeof value !== 'object' || value === null) return [[]]
  return [[], ...Object.entries(value).flatMap(([key, part]) => pathsOf(part).map(path => [key, ...path]))]
}
