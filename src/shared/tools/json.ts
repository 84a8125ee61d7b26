import { isPlainObject } from '../artifacts/plain-object.ts'
import type { Json } from './tool.ts'

/**
 * Where a value stops being JSON: the JSON Pointer (RFC 6901) of the first part that JSON cannot hold (undefined,
 * NaN, a function, a date, a byte array…), or undefined when all of it is JSON. The value must not be cyclic.
 */
export function pathOfNonJson(value: unknown, path = ''): string | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : path
  if (typeof value !== 'object') return path
  if (!Array.isArray(value) && !isPlainObject(value)) return path
  for (const [key, part] of Object.entries(value)) {
    const found = pathOfNonJson(part, `${path}/${escapePointer(key)}`)
    if (found !== undefined) return found
  }
  return undefined
}

export function isJson(value: unknown): value is Json {
  return pathOfNonJson(value) === undefined
}

/** One reference token of a JSON Pointer (RFC 6901 section 3). */
export function escapePointer(token: string): string {
  return token.replaceAll('~', '~0').replaceAll('/', '~1')
}
