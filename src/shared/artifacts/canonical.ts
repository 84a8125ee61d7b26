import canonicalizeJson from 'canonicalize'
import { InvalidInputError } from '../errors.ts'
import type { Json } from '../tools/tool.ts'
import { isPlainObject } from './plain-object.ts'

/**
 * RFC 8785 form of a JSON value. A property that is undefined counts as absent. Throws `invalid_input` for anything
 * else that JSON cannot hold: NaN, infinities, cycles, lone surrogates, undefined in an array, dates, byte arrays,
 * instances of classes.
 */
export function canonicalize(value: Json): string {
  return shallowText(value, 0) ?? anyText(value)
}

/** Levels of nesting that are written by recursion. */
const SHALLOW = 32

/** The form of what is not deep, as nearly everything is, in one pass; undefined: the thorough way decides. */
function shallowText(value: unknown, depth: number): string | undefined {
  if (typeof value === 'string') return value.isWellFormed() ? JSON.stringify(value) : undefined
  if (typeof value === 'number') return Number.isFinite(value) ? JSON.stringify(value) : undefined
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  if (value === null) return 'null'
  if (typeof value !== 'object' || depth === SHALLOW) return undefined
  return Array.isArray(value) ? shallowArray(value, depth) : shallowObject(value, depth)
}

function shallowArray(values: unknown[], depth: number): string | undefined {
  let text = ''
  for (let at = 0; at < values.length; at++) {
    const part = shallowText(values[at], depth + 1)
    if (part === undefined) return undefined
    text += at === 0 ? part : `,${part}`
  }
  return `[${text}]`
}

function shallowObject(value: object, depth: number): string | undefined {
  if (!isPlainObject(value)) return undefined
  let text = ''
  // Sorted by UTF-16 code units, as the RFC wants it.
  for (const key of Object.keys(value).sort()) {
    const property: unknown = Reflect.get(value, key)
    if (property === undefined) continue
    const part = shallowText(property, depth + 1)
    if (part === undefined || !key.isWellFormed()) return undefined
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${part}`
  }
  return `{${text}}`
}

function anyText(value: Json): string {
  let text: string | undefined
  try {
    text = canonicalizeJson(value)
  } catch (error) {
    throw new InvalidInputError('value', String(error), 'a JSON value (RFC 8785)')
  }
  // Checked after: the library has refused cycles by then. It would turn dates, maps and holes into JSON silently.
  if (text === undefined || !text.isWellFormed() || !isAllJson(value)) {
    throw new InvalidInputError('value', typeof value, 'a JSON value (RFC 8785) of well-formed strings')
  }
  return text
}

/** UTF-8 bytes of the RFC 8785 form. */
export function canonicalBytes(value: Json): Uint8Array {
  return new TextEncoder().encode(canonicalize(value))
}

function isAllJson(root: unknown): boolean {
  const left: unknown[] = [root]
  while (left.length > 0) {
    const value = left.pop()
    if (Array.isArray(value)) {
      for (let at = 0; at < value.length; at++) left.push(value[at])
    } else if (typeof value === 'object' && value !== null) {
      if (!isPlainObject(value)) return false
      for (const part of Object.values(value)) if (part !== undefined) left.push(part)
    } else if (value === undefined || typeof value === 'function' || typeof value === 'symbol') {
      return false
    }
  }
  return true
}
