import type { JsonObject } from '../../tools/tool.ts'
import { parsePointer } from './json-pointer.ts'
import { MAX_SCHEMA_CHARS } from './limits.ts'

/** What is wrong with a JSON Schema: where, and what is allowed there. */
export interface SchemaFault {
  /** Keywords and names that lead to it. */
  path: readonly string[]
  value: unknown
  allowed: string
}

const TYPES = ['null', 'boolean', 'number', 'integer', 'string', 'array', 'object']
/** Keywords whose value is a schema. */
const SCHEMA = ['items', 'additionalProperties', 'contains', 'propertyNames', 'not', 'if', 'then', 'else']
/** Keywords whose value is a list of schemas. */
const SCHEMAS = ['anyOf', 'oneOf', 'allOf', 'prefixItems']
/** Keywords whose value names schemas. */
const NAMED = ['properties', 'patternProperties', '$defs', 'dependentSchemas']

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
  return faultIn(schema, schema, [])
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
  const { type, required, enum: values, pattern, $ref } = schema
  if (type !== undefined && ![type].flat().every(name => TYPES.includes(String(name))))
    return wrong('type', `one of ${TYPES.join(', ')}, or a list of them`)
  if (required !== undefined && !(Array.isArray(required) && required.every(key => typeof key === 'string')))
    return wrong('required', 'a list of names')
  if (values !== undefined && !Array.isArray(values)) return wrong('enum', 'a list of values')
  if (pattern !== undefined && !isPattern(pattern)) return wrong('pattern', 'a regular expression')
  if ($ref !== undefined && !leadsSomewhere($ref, root))
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
      if (keyword === 'patternProperties' && !isPattern(name))
        return { path: at, value: name, allowed: 'a regular expression' }
      const fault = faultIn(part, root, at)
      if (fault !== undefined) return fault
    }
  }
  return undefined
}

function isPattern(pattern: unknown): boolean {
  try {
    return typeof pattern === 'string' && new RegExp(pattern, 'u') instanceof RegExp
  } catch {
    return false
  }
}

function leadsSomewhere(ref: unknown, root: JsonObject): boolean {
  if (typeof ref !== 'string' || !ref.startsWith('#')) return false
  const tokens = parsePointer(decode(ref.slice(1)))
  const target = tokens?.reduce<unknown>(
    (at, token) => (isObject(at) || Array.isArray(at) ? Reflect.get(Object(at), token) : undefined),
    root,
  )
  return target !== undefined
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
