import type { Json, JsonSchema } from '../../tools/tool.ts'
import { listIndex } from './json-pointer.ts'
import {
  branchesOf,
  conjunctsOf,
  intersection,
  type JsonType,
  memberOf,
  type SchemaPart,
  typeOf,
  typesOf,
} from './schema-part.ts'
import { isObject } from './template-schema.ts'

/** What is known of a value before it is there. */
export type Shape =
  | { kind: 'any' }
  /** It will be this one. */
  | { kind: 'value'; value: Json }
  /** It fits this schema. */
  | { kind: 'schema'; part: SchemaPart }
  /** A list of exactly these. */
  | { kind: 'list'; parts: readonly Shape[] }
  /** A list of any length. */
  | { kind: 'list_of'; of: Shape }
  /** An object of exactly these members. */
  | { kind: 'object'; members: ReadonlyMap<string, Shape> }
  /** One of these. */
  | { kind: 'either'; shapes: readonly Shape[] }
  /** What a person calls it: `the output of fetch`. */
  | { kind: 'named'; name: string; pointer: string; shape: Shape }

export const ANY: Shape = { kind: 'any' }
export const NULL: Shape = { kind: 'value', value: null }

export function ofSchema(schema: JsonSchema | undefined): Shape {
  return schema === undefined ? ANY : { kind: 'schema', part: { root: schema, node: schema } }
}

export function either(shapes: readonly Shape[]): Shape {
  const [only] = shapes
  return only !== undefined && shapes.length === 1 ? only : { kind: 'either', shapes }
}

const ONLY: Readonly<Record<JsonType, ReadonlySet<JsonType>>> = {
  null: new Set<JsonType>(['null']),
  boolean: new Set<JsonType>(['boolean']),
  number: new Set<JsonType>(['number']),
  string: new Set<JsonType>(['string']),
  array: new Set<JsonType>(['array']),
  object: new Set<JsonType>(['object']),
}

/** The types that it may have. */
export function typesOfShape(shape: Shape): ReadonlySet<JsonType> {
  switch (shape.kind) {
    case 'any':
      return typesOf({ root: {}, node: true })
    case 'value':
      return ONLY[typeOf(shape.value)]
    case 'schema':
      return typesOf(shape.part)
    case 'list':
    case 'list_of':
      return ONLY.array
    case 'object':
      return ONLY.object
    case 'either':
      return new Set(shape.shapes.flatMap(each => [...typesOfShape(each)]))
    case 'named':
      return typesOfShape(shape.shape)
  }
}

/** What lies at the tokens of a JSON Pointer in it; undefined when there cannot be anything. */
export function shapeAt(shape: Shape, tokens: readonly string[]): Shape | undefined {
  let at: Shape | undefined = shape
  for (const token of tokens) {
    if (at === undefined) return undefined
    at = memberShape(at, token)
  }
  return at
}

/** A member of it, by its name or its index; undefined when there cannot be one. */
export function memberShape(shape: Shape, token: string): Shape | undefined {
  switch (shape.kind) {
    case 'any':
      return ANY
    case 'value':
      return memberOfValue(shape.value, token)
    case 'schema':
      return memberOfPart(shape.part, token, new Set())
    case 'list':
      return shape.parts[listIndex(token) ?? -1]
    case 'list_of':
      return listIndex(token) === undefined ? undefined : shape.of
    case 'object':
      return shape.members.get(token)
    case 'either': {
      const members = shape.shapes.flatMap(each => memberShape(each, token) ?? [])
      return members.length === 0 ? undefined : either(members)
    }
    case 'named':
      return memberShape(shape.shape, token)
  }
}

function memberOfValue(value: Json, token: string): Shape | undefined {
  if (Array.isArray(value)) {
    const part = value[listIndex(token) ?? -1]
    return part === undefined ? undefined : { kind: 'value', value: part }
  }
  if (!isObject(value) || !Object.hasOwn(value, token)) return undefined
  return { kind: 'value', value: value[token] ?? null }
}

/** @param seen schemas that are looked at already: they may lie in themselves */
function memberOfPart(part: SchemaPart, token: string, seen: Set<unknown>): Shape | undefined {
  if (seen.has(part.node)) return ANY
  seen.add(part.node)
  const conjuncts = conjunctsOf(part)
  if (conjuncts === undefined) return undefined
  if (intersection(typesOf(part), CONTAINERS).size === 0) return undefined
  const nodes: unknown[] = []
  for (const conjunct of conjuncts) {
    const members = memberOf(conjunct, part.root, token)
    if (members === undefined) return undefined
    nodes.push(...members.map(({ node }) => node))
    for (const branches of branchesOf(conjunct)) {
      const shapes = branches.flatMap(node => memberOfPart({ root: part.root, node }, token, seen) ?? [])
      if (shapes.length === 0) return undefined
      const [only] = shapes
      if (shapes.length === 1 && only?.kind === 'schema') nodes.push(only.part.node)
      else if (nodes.length === 0 && conjuncts.length === 1) return either(shapes)
    }
  }
  const [only] = nodes
  if (nodes.length === 0) return ANY
  const node = nodes.length === 1 ? only : { allOf: nodes }
  return { kind: 'schema', part: { root: part.root, node } }
}

const CONTAINERS: ReadonlySet<JsonType> = new Set<JsonType>(['array', 'object'])

/** Items of a list that are looked at one by one. */
const MAX_ALTERNATIVES = 20

/** An item of it, whichever, where it is a list. */
export function itemShape(shape: Shape): Shape {
  switch (shape.kind) {
    case 'list':
      return shape.parts.length > MAX_ALTERNATIVES ? ANY : either(shape.parts)
    case 'list_of':
      return shape.of
    case 'value':
      return Array.isArray(shape.value) && shape.value.length <= MAX_ALTERNATIVES
        ? either(shape.value.map(value => ({ kind: 'value', value })))
        : ANY
    case 'schema':
      return conjunctsOf(shape.part)?.some(({ prefixItems }) => prefixItems !== undefined) === true
        ? ANY
        : (memberShape(shape, '0') ?? ANY)
    case 'named':
      return itemShape(shape.shape)
    default:
      return ANY
  }
}

/** What it is, for a person: `an array`, `a string or null`. */
export function describeShape(shape: Shape): string {
  const types = [...typesOfShape(shape)]
  if (types.length === 0) return 'nothing'
  return types
    .map(type => (type === 'null' ? type : `${/^[ao]/.test(type) ? 'an' : 'a'} ${type}`))
    .join(' or ')
}
