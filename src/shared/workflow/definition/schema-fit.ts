import { InvalidInputError } from '../../errors.ts'
import { describeKeyword } from '../../tools/describe-keyword.ts'
import type { Json, JsonObject, JsonSchema } from '../../tools/tool.ts'
import { validateAgainst } from '../../tools/validate.ts'
import {
  branchesOf,
  conjunctsOf,
  intersection,
  memberOf,
  type SchemaPart,
  typeOf,
  typesByKeywords,
  valuesOf,
} from './schema-part.ts'
import { describeShape, itemShape, memberShape, type Shape, typesOfShape } from './shape.ts'
import { isObject } from './template-schema.ts'

/** A place at which a value certainly will not fit a schema. */
export interface Misfit {
  /** Where in the template. */
  path: readonly string[]
  /** What a reference there stands for, and where in that. */
  of?: { name: string; pointer: string; path: readonly string[] }
  problem: 'is' | 'lacks' | 'has'
  /** What it is. */
  is: string
  /** As it stands in the template. */
  value?: Json
  allowed: string
}

interface Place {
  /** Comparisons that are left, for all of it: schemas may lie in themselves, and branch. */
  budget: { left: number }
  path: readonly string[]
  of?: { name: string; pointer: string; path: readonly string[] }
}

type Found = Misfit & Place

/** Levels that are looked at: schemas may lie in themselves. */
const MAX_LEVELS = 24
/** What stands for any index in a path. */
const EACH = '*'

/**
 * Where a value of this shape certainly will not fit a schema; empty when it may.
 * @param budget comparisons that are left, of which it takes what it needs
 */
export function misfits(shape: Shape, schema: JsonSchema, budget: { left: number }): Misfit[] {
  const place: Place = { path: [], budget }
  return fitPart(shape, { root: schema, node: schema }, place, 0).map(({ budget: _, ...found }) => found)
}

function fitPart(shape: Shape, target: SchemaPart, place: Place, level: number): Found[] {
  place.budget.left -= 1
  if (level > MAX_LEVELS || place.budget.left < 0) return []
  if (shape.kind === 'named') {
    const { name, pointer } = shape
    return fitPart(shape.shape, target, { ...place, of: { name, pointer, path: [] } }, level)
  }
  if (shape.kind === 'either') {
    const each = shape.shapes.map(alternative => fitPart(alternative, target, place, level + 1))
    return each.every(found => found.length > 0) ? (each[0] ?? []) : []
  }
  const conjuncts = conjunctsOf(target)
  if (conjuncts === undefined) return [misfit(shape, place, 'nothing')]
  for (const conjunct of conjuncts) {
    const found = fitOne(shape, conjunct, target.root, place, level)
    if (found.length > 0) return found
  }
  return []
}

/** One schema by itself, without what it refers to and without its `allOf`. */
function fitOne(shape: Shape, schema: JsonObject, root: JsonSchema, place: Place, level: number): Found[] {
  const types = intersection(typesOfShape(shape), typesByKeywords(schema, root))
  if (types.size === 0) return [misfit(shape, place, describe(schema, root))]
  if (shape.kind === 'any') return []
  const allowed = valuesOf(schema)
  const given = onlyValues(shape)
  if (allowed !== undefined && given?.every(value => !includes(allowed, value)) === true)
    return [misfit(shape, place, describeKeyword('enum', { enum: allowed }))]
  for (const branches of branchesOf(schema)) {
    const found = fitBranches(shape, branches, root, place, level)
    if (found.length > 0) return found
  }
  const [type] = types
  if (types.size > 1) return []
  if (type === 'object') return fitObject(shape, schema, root, place, level)
  if (type === 'array') return fitArray(shape, schema, root, place, level)
  return shape.kind === 'value' ? fitScalar(shape, schema, place) : []
}

function fitBranches(
  shape: Shape,
  branches: readonly Json[],
  root: JsonSchema,
  place: Place,
  level: number,
): Found[] {
  const each = branches.map(node => fitPart(shape, { root, node }, place, level + 1))
  if (each.length === 0 || each.some(found => found.length === 0)) return []
  // Told of the only one of the right type, else of all of them.
  const near = each.filter(found =>
    found.some(({ path, of }) => path !== place.path || of?.path !== place.of?.path),
  )
  const [only] = near
  if (only !== undefined && near.length === 1) return only
  const allowed = [...new Set(each.flatMap(([first]) => first?.allowed ?? []))].join(', or ')
  return [misfit(shape, place, allowed)]
}

function fitObject(shape: Shape, schema: JsonObject, root: JsonSchema, place: Place, level: number): Found[] {
  const found: Found[] = []
  const { required } = schema
  for (const key of Array.isArray(required) ? required : []) {
    if (typeof key !== 'string' || memberShape(shape, key) !== undefined) continue
    const [member] = memberOf(schema, root, key) ?? []
    const allowed = describeKeyword('present', member === undefined ? {} : resolved(member))
    found.push({ ...below(shape, place, key), problem: 'lacks', is: key, allowed })
  }
  for (const key of certainKeys(shape)) {
    const member = memberShape(shape, key)
    const targets = memberOf(schema, root, key)
    const at = below(shape, place, key)
    if (targets === undefined) {
      const allowed = describeKeyword('additionalProperties', schema)
      const value = member?.kind === 'value' ? { value: member.value } : {}
      found.push({ ...at, problem: 'has', is: key, allowed, ...value })
    }
    if (member === undefined) continue
    for (const target of targets ?? []) found.push(...fitPart(member, target, at, level + 1))
  }
  return found
}

function fitArray(shape: Shape, schema: JsonObject, root: JsonSchema, place: Place, level: number): Found[] {
  const parts = partsOf(shape)
  if (parts === undefined) {
    // A list of what cannot fit could only be empty.
    const { items, prefixItems } = schema
    if (items === undefined || prefixItems !== undefined) return []
    return fitPart(itemShape(shape), { root, node: items }, below(shape, place, EACH), level + 1)
  }
  const { minItems, maxItems } = schema
  const count = `a list of ${parts.length}`
  if (typeof minItems === 'number' && parts.length < minItems)
    return [{ ...place, problem: 'is', is: count, allowed: describeKeyword('minItems', schema) }]
  if (typeof maxItems === 'number' && parts.length > maxItems)
    return [{ ...place, problem: 'is', is: count, allowed: describeKeyword('maxItems', schema) }]
  return parts.flatMap((part, index) => {
    const targets = memberOf(schema, root, String(index)) ?? []
    const at = below(shape, place, String(index))
    return targets.flatMap(target => fitPart(part, target, at, level + 1))
  })
}

/** A value that holds no others, by all the keywords that there are for it. */
function fitScalar(shape: Extract<Shape, { kind: 'value' }>, schema: JsonObject, place: Place): Found[] {
  try {
    validateAgainst(ownKeywords(schema), shape.value, 'value')
    return []
  } catch (error) {
    // A schema that cannot be used by itself says nothing here.
    if (!(error instanceof InvalidInputError)) return []
    return [misfit(shape, place, error.details.allowed ?? 'another value')]
  }
}

const own = new WeakMap<JsonObject, JsonObject>()

/** A schema without those in it that are looked at by themselves; the same object each time. */
function ownKeywords(schema: JsonObject): JsonObject {
  let keywords = own.get(schema)
  if (keywords === undefined) {
    const { $ref: _, allOf: _all, anyOf: _any, oneOf: _one, ...rest } = schema
    keywords = rest
    own.set(schema, keywords)
  }
  return keywords
}

function misfit(shape: Shape, place: Place, allowed: string): Found {
  const value = shape.kind === 'value' && place.of === undefined ? { value: shape.value } : {}
  return { ...place, problem: 'is', is: describeShape(shape), allowed, ...value }
}

/** A place further down: in the template, or in what a reference stands for. */
function below(shape: Shape, place: Place, token: string): Place {
  const { path, of } = place
  if (of !== undefined) return { ...place, of: { ...of, path: [...of.path, token] } }
  return shape.kind === 'schema' ? place : { ...place, path: [...path, token] }
}

/** Names of the members that it has in any case. */
function certainKeys(shape: Shape): readonly string[] {
  if (shape.kind === 'object') return [...shape.members.keys()]
  if (shape.kind === 'value') return isObject(shape.value) ? Object.keys(shape.value) : []
  if (shape.kind !== 'schema') return []
  const required = conjunctsOf(shape.part)?.flatMap(schema =>
    Array.isArray(schema.required) ? schema.required : [],
  )
  return [...new Set(required?.filter(key => typeof key === 'string'))]
}

function partsOf(shape: Shape): readonly Shape[] | undefined {
  if (shape.kind === 'list') return shape.parts
  if (shape.kind !== 'value' || !Array.isArray(shape.value)) return undefined
  return shape.value.map(value => ({ kind: 'value', value }))
}

/** The values that it can only be one of. */
function onlyValues(shape: Shape): readonly Json[] | undefined {
  if (shape.kind === 'value') return [shape.value]
  if (shape.kind !== 'schema') return undefined
  return conjunctsOf(shape.part)
    ?.map(valuesOf)
    .find(values => values !== undefined)
}

/** Only values that hold no others are compared; of the rest it is not said that they differ. */
function includes(allowed: readonly Json[], value: Json): boolean {
  return allowed.some(each => each === value || isContainer(each)) || isContainer(value)
}

function isContainer(value: Json): boolean {
  return typeOf(value) === 'array' || typeOf(value) === 'object'
}

function describe(schema: JsonObject, root: JsonSchema): string {
  if (schema.type !== undefined || schema.enum !== undefined) return describeKeyword('type', schema)
  return describeShape({ kind: 'schema', part: { root, node: schema } })
}

/** The schema by which a member is described: behind its references. */
function resolved(part: SchemaPart): JsonObject {
  return conjunctsOf(part)?.find(({ type, enum: values }) => type !== undefined || values !== undefined) ?? {}
}
