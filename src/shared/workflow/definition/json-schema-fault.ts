import type { JsonObject } from '../../tools/tool.ts'
import { parsePointer } from './json-pointer.ts'
import { MAX_SCHEMA_CHARS, MAX_SCHEMAS } from './limits.ts'

/** What is wrong with a JSON Schema: where, and what is allowed there. */
export interface SchemaFault {
  /** Keywords and names that lead to it. */
  path: readonly string[]
  value: unknown
  allowed: string
}

const TYPES = ['null', 'boolean', 'number', 'integer', 'string', 'array', 'object']
/** Keywords whose value is a schema. */
const SCHEMA = [
  'items',
  'additionalProperties',
  'contains',
  'propertyNames',
  'not',
  'if',
  'then',
  'else',
  'unevaluatedItems',
  'unevaluatedProperties',
]
/** Keywords whose value is a list of schemas. */
const SCHEMAS = ['anyOf', 'oneOf', 'allOf', 'prefixItems']
/** Keywords whose value names schemas. */
const NAMED = ['properties', '$defs', 'definitions', 'dependentSchemas']
/** Keywords by which one value could keep a node busy for very long, and those that lead elsewhere. */
const REFUSED = [
  'pattern',
  'patternProperties',
  'uniqueItems',
  '$id',
  '$anchor',
  '$dynamicRef',
  '$recursiveRef',
  'id',
]
/** Formats by which a short text could do that: its regular expression backtracks. */
const REFUSED_FORMATS = ['url']

/**
 * The first thing in a schema (JSON Schema 2020-12) of a definition by which a value could not be checked: a type that
 * there is none of, a pattern or a reference that cannot be read, a schema that is none; undefined when it is right.
 */
export function jsonSchemaFault(schema: JsonObject): SchemaFault | undefined {
  const chars = JSON.stringify(schema).length
  if (chars > MAX_SCHEMA_CHARS)
    return {
      path: [],
      value: `${chars} characters`,
      allowed: `at most ${MAX_SCHEMA_CHARS} characters of JSON`,
    }
  return faultIn(schema, schema, []) ?? sizeFault(schema)
}

function sizeFault(schema: JsonObject): SchemaFault | undefined {
  const size = new SchemaSize(schema).of(schema, 0)
  if (size <= MAX_SCHEMAS) return undefined
  return size === Number.POSITIVE_INFINITY
    ? { path: [], value: 'a schema that refers to itself', allowed: 'references that end' }
    : {
        path: [],
        value: `${size} schemas`,
        allowed: `at most ${MAX_SCHEMAS}, each counted as often as it is referred to`,
      }
}

/** How many schemas there are where each reference is written out. */
class SchemaSize {
  readonly #root: JsonObject
  readonly #known = new Map<unknown, number>()

  constructor(root: JsonObject) {
    this.#root = root
  }

  /** Infinite for one that lies in itself. */
  of(schema: unknown, depth: number): number {
    if (!isObject(schema)) return 1
    const known = this.#known.get(schema)
    if (known !== undefined) return known
    if (depth > MAX_SCHEMAS) return Number.POSITIVE_INFINITY
    // Until it is known: who comes here again is in it.
    this.#known.set(schema, Number.POSITIVE_INFINITY)
    const parts = partsOf(schema)
    if (typeof schema.$ref === 'string') parts.push(targetOf(schema.$ref, this.#root))
    const size = parts.reduce<number>((sum, part) => sum + this.of(part, depth + 1), 1)
    this.#known.set(schema, size)
    return size
  }
}

/** The schemas that lie in one, but for those that are only there to be referred to. */
function partsOf(schema: JsonObject): unknown[] {
  const one = SCHEMA.map(keyword => schema[keyword])
  const lists = SCHEMAS.flatMap(keyword => schema[keyword] ?? [])
  const named = ['properties', 'dependentSchemas'].flatMap(keyword => Object.values(Object(schema[keyword])))
  return [...one, ...lists, ...named].filter(part => part !== undefined)
}

function faultIn(schema: unknown, root: JsonObject, path: readonly string[]): SchemaFault | undefined {
  if (typeof schema === 'boolean') return undefined
  if (!isObject(schema)) return { path, value: schema, allowed: 'a JSON Schema: an object, true or false' }
  return keywordFault(schema, root, path) ?? nestedFault(schema, root, path)
}

function keywordFault(
  schema: JsonObject,
  root: JsonObject,
  path: readonly string[],
): SchemaFault | undefined {
  const wrong = (keyword: string, allowed: string): SchemaFault => ({
    path: [...path, keyword],
    value: schema[keyword],
    allowed,
  })
  const refused = REFUSED.find(keyword => schema[keyword] !== undefined)
  if (refused !== undefined) return wrong(refused, 'schemas without this keyword')
  const { type, required, enum: values, $ref, format } = schema
  if (REFUSED_FORMATS.includes(String(format))) return wrong('format', 'another format, as uri')
  if (type !== undefined && ![type].flat().every(name => TYPES.includes(String(name))))
    return wrong('type', `one of ${TYPES.join(', ')}, or a list of them`)
  if (required !== undefined && !(Array.isArray(required) && required.every(key => typeof key === 'string')))
    return wrong('required', 'a list of names')
  if (values !== undefined && !Array.isArray(values)) return wrong('enum', 'a list of values')
  if ($ref !== undefined && !isSchema(targetOf($ref, root), root))
    return wrong('$ref', 'a reference to a part of the same schema, as #/$defs/name')
  return undefined
}

function nestedFault(schema: JsonObject, root: JsonObject, path: readonly string[]): SchemaFault | undefined {
  for (const keyword of SCHEMA) {
    const part = schema[keyword]
    const fault = part === undefined ? undefined : faultIn(part, root, [...path, keyword])
    if (fault !== undefined) return fault
  }
  for (const keyword of SCHEMAS) {
    const parts = schema[keyword]
    if (parts === undefined) continue
    if (!Array.isArray(parts))
      return { path: [...path, keyword], value: parts, allowed: 'a list of JSON Schemas' }
    for (const [at, part] of parts.entries()) {
      const fault = faultIn(part, root, [...path, keyword, String(at)])
      if (fault !== undefined) return fault
    }
  }
  for (const keyword of NAMED) {
    const parts = schema[keyword]
    if (parts === undefined) continue
    if (!isObject(parts))
      return { path: [...path, keyword], value: parts, allowed: 'an object of JSON Schemas' }
    for (const [name, part] of Object.entries(parts)) {
      const at = [...path, keyword, name]
      const fault = faultIn(part, root, at)
      if (fault !== undefined) return fault
    }
  }
  return undefined
}

/** Whether something is one of the schemas in a schema, and not just an object in it. */
function isSchema(part: unknown, root: JsonObject): boolean {
  return typeof part === 'boolean' || schemasIn(root).has(part)
}

const known = new WeakMap<JsonObject, Set<unknown>>()

function schemasIn(root: JsonObject): Set<unknown> {
  let schemas = known.get(root)
  if (schemas === undefined) {
    schemas = new Set<unknown>([root])
    // A set hands out what is added to it while it is walked.
    for (const schema of schemas) {
      if (!isObject(schema)) continue
      for (const part of [...partsOf(schema), ...definitionsOf(schema)]) schemas.add(part)
    }
    known.set(root, schemas)
  }
  return schemas
}

/** The schemas in one that are only there to be referred to. */
function definitionsOf(schema: JsonObject): unknown[] {
  return ['$defs', 'definitions'].flatMap(keyword => Object.values(Object(schema[keyword])))
}

/** What a reference leads to; undefined when there is nothing. */
export function targetOf(ref: unknown, root: JsonObject): unknown {
  if (typeof ref !== 'string' || !ref.startsWith('#')) return undefined
  const tokens = parsePointer(decode(ref.slice(1)))
  return tokens?.reduce<unknown>(
    (at, token) =>
      (isObject(at) || Array.isArray(at)) && Object.hasOwn(at, token) ? Reflect.get(at, token) : undefined,
    root,
  )
}

function decode(fragment: string): string {
  try {
    return decodeURIComponent(fragment)
  } catch {
    return fragment
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
