/** What a JSON Schema (2020-12) says for certain: keywords that are not known here say nothing. */
import type { Json, JsonObject, JsonSchema } from '../../tools/tool.ts'
import { listIndex, parsePointer } from './json-pointer.ts'
import { isObject } from './template-schema.ts'

/** A schema within another one, in which its references lie. */
export interface SchemaPart {
  root: JsonSchema
  /** An object, true or false; anything else says nothing. */
  node: unknown
}

/** As JSON Schema calls them; an integer is a number. */
export type JsonType = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object'

const JSON_TYPES: readonly JsonType[] = ['null', 'boolean', 'number', 'string', 'array', 'object']

/** The schemas that a value has to fit all of: itself, what it refers to and its `allOf`; undefined when nothing fits. */
export function conjunctsOf({ root, node }: SchemaPart): readonly JsonObject[] | undefined {
  if (!isObject(node)) return node === false ? undefined : []
  return remembered(conjuncts, node, root, [], () => gather(node, root))
}

/** What was found out about a schema, as tools share few: by the schema, and the one in which it lies. */
type Memory<T> = WeakMap<JsonObject, { root: JsonSchema; found: T }>

const conjuncts: Memory<readonly JsonObject[] | undefined> = new WeakMap()
const types: Memory<ReadonlySet<JsonType>> = new WeakMap()
const typesAlone: Memory<ReadonlySet<JsonType>> = new WeakMap()

/** @param meanwhile what is taken where the schema lies in itself: what says nothing */
function remembered<T>(
  memory: Memory<T>,
  node: JsonObject,
  root: JsonSchema,
  meanwhile: T,
  find: () => T,
): T {
  const known = memory.get(node)
  if (known?.root === root) return known.found
  memory.set(node, { root, found: meanwhile })
  const found = find()
  memory.set(node, { root, found })
  return found
}

function gather(first: JsonObject, root: JsonSchema): readonly JsonObject[] | undefined {
  const all = new Set<JsonObject>([first])
  for (const { $ref, allOf } of all) {
    const others: unknown[] = Array.isArray(allOf) ? [...allOf] : []
    if (typeof $ref === 'string') others.push(targetOf($ref, root))
    if (others.includes(false)) return undefined
    for (const other of others) if (isObject(other)) all.add(other)
  }
  return [...all]
}

/** The types that a value of this schema may have. */
export function typesOf(part: SchemaPart): ReadonlySet<JsonType> {
  const { root, node } = part
  if (!isObject(node)) return node === false ? NO_TYPE : ANY_TYPE
  return remembered(types, node, root, ANY_TYPE, () => {
    const each = conjunctsOf(part)?.map(conjunct => typesByKeywords(conjunct, root)) ?? [NO_TYPE]
    return each.reduce(intersection, ANY_TYPE)
  })
}

const ANY_TYPE: ReadonlySet<JsonType> = new Set(JSON_TYPES)
const NO_TYPE: ReadonlySet<JsonType> = new Set()

/** The types that one schema by itself leaves, without what it refers to and without its `allOf`. */
export function typesByKeywords(schema: JsonObject, root: JsonSchema): ReadonlySet<JsonType> {
  return remembered(typesAlone, schema, root, ANY_TYPE, () => {
    let left = ANY_TYPE
    if (schema.type !== undefined) left = intersection(left, named([schema.type].flat()))
    const values = valuesOf(schema)
    if (values !== undefined) left = intersection(left, new Set(values.map(typeOf)))
    for (const branches of branchesOf(schema)) {
      const either = branches.flatMap(node => [...typesOf({ root, node })])
      left = intersection(left, new Set(either))
    }
    return left
  })
}

/** The alternatives of `anyOf` and of `oneOf`, as far as it has them. */
export function branchesOf({ anyOf, oneOf }: JsonObject): readonly (readonly Json[])[] {
  return [anyOf, oneOf].filter(Array.isArray)
}

/** The only values that a schema allows by `const` or `enum`; undefined when it names none. */
export function valuesOf(schema: JsonObject): readonly Json[] | undefined {
  if (schema.const !== undefined) return [schema.const]
  return Array.isArray(schema.enum) ? schema.enum : undefined
}

/**
 * What one schema by itself says of a member of a value, by its name or its index: the schemas that it has to fit, none
 * where nothing is said; undefined when there can be no such member.
 */
export function memberOf(
  schema: JsonObject,
  root: JsonSchema,
  token: string,
): readonly SchemaPart[] | undefined {
  const types = typesByKeywords(schema, root)
  const inObject = types.has('object') ? propertyOf(schema, token) : undefined
  const inArray = types.has('array') ? itemOf(schema, token) : undefined
  const nodes = inObject === undefined || inArray === undefined ? (inObject ?? inArray) : []
  return nodes?.map(node => ({ root, node }))
}

function propertyOf(schema: JsonObject, key: string): unknown[] | undefined {
  const { properties, patternProperties, additionalProperties } = schema
  const nodes: unknown[] = []
  if (isObject(properties) && Object.hasOwn(properties, key)) nodes.push(properties[key])
  if (isObject(patternProperties))
    for (const [pattern, node] of Object.entries(patternProperties))
      if (matches(pattern, key)) nodes.push(node)
  if (nodes.length === 0 && additionalProperties !== undefined) nodes.push(additionalProperties)
  return nodes.includes(false) ? undefined : nodes
}

function itemOf({ prefixItems, items, maxItems }: JsonObject, token: string): unknown[] | undefined {
  const index = listIndex(token)
  if (index === undefined || (typeof maxItems === 'number' && index >= maxItems)) return undefined
  const prefix = Array.isArray(prefixItems) ? prefixItems : []
  const node = index < prefix.length ? prefix[index] : items
  return node === false ? undefined : node === undefined ? [] : [node]
}

function matches(pattern: string, key: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(key)
  } catch {
    return true
  }
}

/** What a local reference leads to; undefined, which says nothing, where it cannot be followed. */
function targetOf(ref: string, root: JsonSchema): unknown {
  const tokens = ref.startsWith('#') ? parsePointer(ref.slice(1)) : undefined
  return tokens?.reduce<unknown>(
    (at, token) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, token) ? Reflect.get(at, token) : undefined,
    root,
  )
}

export function typeOf(value: Json): JsonType {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  const type = typeof value
  return type === 'boolean' || type === 'number' || type === 'string' ? type : 'object'
}

function named(types: readonly Json[]): Set<JsonType> {
  const names = types.map(type => (type === 'integer' ? 'number' : type))
  return new Set(JSON_TYPES.filter(type => names.includes(type)))
}

export function intersection<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): ReadonlySet<T> {
  return new Set([...a].filter(member => b.has(member)))
}
