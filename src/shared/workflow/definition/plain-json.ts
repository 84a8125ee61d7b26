import { isPlainObject } from '../../artifacts/plain-object.ts'
import { formatPointer } from './json-pointer.ts'

/** What a value holds that cannot be kept or passed on as JSON. */
export interface NotJson {
  /** JSON Pointer of it. */
  path: string
  /** What is allowed there. */
  allowed: string
}

/**
 * The first part of a value that is no JSON (undefined, NaN, a date, …), text without a UTF-8 form (half a surrogate
 * pair), or deeper than `maxDepth` levels; undefined when there is none. Goes down no further than that.
 */
export function notJson(value: unknown, maxDepth: number): NotJson | undefined {
  const path: (string | number)[] = []
  const allowed = look(value, maxDepth, path)
  return allowed === undefined ? undefined : { path: formatPointer(path.reverse().map(String)), allowed }
}

/** Fills `path` from its end when there is something. */
function look(value: unknown, levels: number, path: (string | number)[]): string | undefined {
  if (typeof value === 'string') return value.isWellFormed() ? undefined : 'text that is valid Unicode'
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : JSON_ONLY
  if (typeof value === 'boolean' || value === null) return undefined
  if (typeof value !== 'object') return JSON_ONLY
  if (levels === 0) return 'fewer levels of nesting'
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) {
      const found = look(value[at], levels - 1, path)
      if (found !== undefined) return behind(at, found, path)
    }
    return undefined
  }
  if (!isPlainObject(value)) return JSON_ONLY
  for (const [key, part] of Object.entries(value)) {
    const found = key.isWellFormed() ? look(part, levels - 1, path) : 'names that are valid Unicode'
    if (found !== undefined) return behind(key, found, path)
  }
  return undefined
}

function behind(key: string | number, found: string, path: (string | number)[]): string {
  path.push(key)
  return found
}

const JSON_ONLY = 'a JSON value'
