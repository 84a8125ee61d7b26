import { isPlainObject } from '../artifacts/plain-object.ts'
import type { Json } from './tool.ts'

/**
 * Where a value stops being JSON: the JSON Pointer (RFC 6901) of the first part that JSON cannot hold (undefined,
 * NaN, a function, a date, a byte array…), or undefined when all of it is JSON. The value must not be cyclic.
 */
export function pathOfNonJson(value: unknown): string | undefined {
  const tokens: string[] = []
  if (isAllJson(value, tokens)) return undefined
  return tokens
    .reverse()
    .map(token => `/${escapePointer(token)}`)
    .join('')
}

/** Leaves the way to the first part that is none in `tokens`, its end first: nothing is made of the way to what is. */
function isAllJson(value: unknown, tokens: string[]): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object') return false
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) {
      if (isAllJson(value[at], tokens)) continue
      tokens.push(String(at))
      return false
    }
    return true
  }
  if (!isPlainObject(value)) return false
  for (const [key, part] of Object.entries(value)) {
    if (isAllJson(part, tokens)) continue
    tokens.push(key)
    return false
  }
  return true
}

export function isJson(value: unknown): value is Json {
  return pathOfNonJson(value) === undefined
}

/** One reference token of a JSON Pointer (RFC 6901 section 3). */
export function escapePointer(token: string): string {
  return token.replaceAll('~', '~0').replaceAll('/', '~1')
}
