import type { Json, JsonObject, JsonSchema } from '../../tools/tool.ts'
import { targetOf } from './json-schema-fault.ts'
import { isObject } from './template-schema.ts'

/** Characters of a text that are looked at in the time of one comparison. */
const CHARS = 200

/**
 * How many comparisons it takes to hold a value against a schema: each part of it with each schema that applies there.
 * A client's schema and a large value could otherwise keep a node busy for as long as they like.
 * @param schema that `jsonSchemaFault` found right
 * @param atMost counting ends here: Infinity for more
 */
export function comparisons(schema: JsonSchema, value: Json, atMost: number): number {
  return new CheckCost(schema, atMost).of(value)
}

class CheckCost {
  readonly #root: JsonSchema
  readonly #atMost: number
  #left: number
  readonly #weights = new Map<JsonObject, number>()

  constructor(root: JsonSchema, atMost: number) {
    this.#root = root
    this.#atMost = atMost
    this.#left = atMost
  }

  of(value: Json): number {
    this.#add(this.#root, value)
    return this.#left < 0 ? Number.POSITIVE_INFINITY : this.#atMost - this.#left
  }

  #add(schema: unknown, value: Json): void {
    if (schema === undefined || this.#left < 0) return
    this.#left -= 1
    if (!isObject(schema)) return
    this.#left -= this.#weightOf(schema)
    if (schema.$ref !== undefined) this.#add(targetOf(schema.$ref, this.#root), value)
    for (const keyword of IN_PLACE) this.#add(schema[keyword], value)
    for (const keyword of IN_PLACE_LISTS) for (const part of listOf(schema[keyword])) this.#add(part, value)
    if (typeof value === 'string') this.#left -= value.length / CHARS
    else if (Array.isArray(value)) this.#addItems(schema, value)
    else if (typeof value === 'object' && value !== null) this.#addMembers(schema, value)
  }

  #addItems(schema: JsonObject, value: readonly Json[]): void {
    const first = listOf(schema.prefixItems)
    for (const [at, item] of value.entries()) {
      if (this.#left < 0) return
      this.#add(at < first.length ? first[at] : schema.items, item)
      this.#add(schema.contains, item)
      this.#add(schema.unevaluatedItems, item)
    }
  }

  #addMembers(schema: JsonObject, value: JsonObject): void {
    const named = isObject(schema.properties) ? schema.properties : {}
    const dependent = isObject(schema.dependentSchemas) ? schema.dependentSchemas : {}
    for (const [key, member] of Object.entries(value)) {
      if (this.#left < 0) return
      this.#add(Object.hasOwn(named, key) ? named[key] : schema.additionalProperties, member)
      this.#add(schema.unevaluatedProperties, member)
      this.#add(schema.propertyNames, key)
      if (Object.hasOwn(dependent, key)) this.#add(dependent[key], value)
    }
  }

  /** Of the keywords that compare with a list of values or names. */
  #weightOf(schema: JsonObject): number {
    let weight = this.#weights.get(schema)
    if (weight === undefined) {
      weight = 0
      for (const keyword of VALUES) weight += partsIn(schema[keyword])
      this.#weights.set(schema, weight)
    }
    return weight
  }
}

/** Keywords whose schema applies to the same value; those whose list of them does. */
const IN_PLACE = ['not', 'if', 'then', 'else']
const IN_PLACE_LISTS = ['allOf', 'anyOf', 'oneOf']
const VALUES = ['enum', 'const', 'required', 'dependentRequired']

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function partsIn(value: Json | undefined): number {
  if (value === undefined) return 0
  if (typeof value !== 'object' || value === null) return 1
  return Object.values(value).reduce<number>((sum, part) => sum + partsIn(part), 1)
}
