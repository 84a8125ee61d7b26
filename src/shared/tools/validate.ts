import { type OutputUnit, Validator } from '@cfworker/json-schema'
import { InvalidInputError } from '../errors.ts'
import { describeKeyword } from './describe-keyword.ts'
import { escapePointer } from './json.ts'
import type { JsonSchema } from './tool.ts'

/**
 * Checks a value against a JSON Schema 2020-12 document, without `eval` (so it also runs under a page's CSP).
 * Compiled validators are kept for as long as their schema object lives. `label` stands for the value as a whole
 * in the message. Throws InvalidInputError whose field is a JSON Pointer (RFC 6901) below the value.
 */
export function validateAgainst(schema: JsonSchema, value: unknown, label: string): void {
  const { valid, errors } = validatorFor(schema).validate(value)
  if (valid) return
  // Applicators only say that something below them failed; the first keyword that is none says what.
  const error = errors.find(({ keyword }) => !APPLICATORS.has(keyword)) ?? errors[0]
  if (error === undefined) throw new InvalidInputError(label, value, 'a value that fits the schema')

  const path = decodePointer(error.instanceLocation)
  const node = nodeAt(schema, schema, decodePointer(error.keywordLocation).slice(0, -1))
  const missing = error.keyword === 'required' ? missingKey(node, valueAt(value, path)) : undefined
  const fault = missing === undefined ? path : [...path, missing]
  const field = fault.map(token => `/${escapePointer(token)}`).join('')
  throw new InvalidInputError(field || label, valueAt(value, fault), allowedBy(schema, error, node, missing))
}

const APPLICATORS = new Set([
  'properties',
  'patternProperties',
  'additionalProperties',
  'items',
  'prefixItems',
  'allOf',
  '$ref',
  'propertyNames',
])

const validators = new WeakMap<JsonSchema, Validator>()

function validatorFor(schema: JsonSchema): Validator {
  let validator = validators.get(schema)
  if (validator === undefined) {
    validator = new Validator(schema, '2020-12', false)
    validators.set(schema, validator)
  }
  return validator
}

function allowedBy(root: JsonSchema, error: OutputUnit, node: unknown, missing: string | undefined): string {
  if (missing !== undefined) return describeKeyword('present', nodeAt(root, node, ['properties', missing]))
  if (error.keyword !== 'false') return describeKeyword(error.keyword, node)
  // A property that `additionalProperties: false` refused: name the ones that exist.
  const owner = nodeAt(root, root, decodePointer(error.keywordLocation).slice(0, -2))
  return describeKeyword('additionalProperties', owner)
}

function missingKey(node: unknown, value: unknown): string | undefined {
  const required = property(node, 'required')
  if (!Array.isArray(required) || typeof value !== 'object' || value === null) return undefined
  return required.find((key): key is string => typeof key === 'string' && !Object.hasOwn(value, key))
}

/** The subschema below `from` that a keyword path leads to, following local `$ref`s. */
function nodeAt(root: JsonSchema, from: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, key) => {
    const next = property(at, key)
    return key === '$ref' && typeof next === 'string' ? nodeAt(root, root, decodePointer(next)) : next
  }, from)
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(property, value)
}

function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? Reflect.get(value, key)
    : undefined
}

/** Tokens of a JSON Pointer in URI fragment form (`#/a/b`). */
function decodePointer(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map(token => decodeURIComponent(token).replaceAll('~1', '/').replaceAll('~0', '~'))
}
