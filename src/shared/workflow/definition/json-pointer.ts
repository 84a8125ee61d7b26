/** JSON Pointer, RFC 6901. */
import { InvalidInputError } from '../../errors.ts'
import type { Json } from '../../tools/tool.ts'

/** The reference tokens of a pointer; undefined when it is malformed: neither empty nor beginning with `/`, or a `~` that escapes nothing. */
export function parsePointer(pointer: string): string[] | undefined {
  if (pointer === '') return []
  if (!pointer.startsWith('/') || /~(?![01])/.test(pointer)) return undefined
  return pointer
    .slice(1)
    .split('/')
    .map(token => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** The index that a token is of a list; undefined when it is none (section 4: no leading zeros; `-` is behind the end). */
export function listIndex(token: string): number | undefined {
  return /^(0|[1-9][0-9]{0,15})$/.test(token) ? Number(token) : undefined
}

/**
 * What lies at the tokens of a pointer in a value. Throws `invalid_input` that says how far the pointer led and what
 * was there.
 * @param name what the value is, for the message: `the output of fetch`
 */
export function readPointer(root: Json, tokens: readonly string[], name: string): Json {
  let value = root
  for (const [depth, token] of tokens.entries()) {
    const next = member(value, token)
    if (next === undefined) throw unresolved(tokens, depth, value, name)
    value = next
  }
  return value
}

function member(value: Json, token: string): Json | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (!Array.isArray(value)) return Object.hasOwn(value, token) ? value[token] : undefined
  const index = listIndex(token)
  return index === undefined ? undefined : value[index]
}

function unresolved(tokens: readonly string[], depth: number, there: Json, name: string): InvalidInputError {
  const led = depth === 0 ? name : `${formatPointer(tokens.slice(0, depth))} in ${name}`
  return new InvalidInputError(
    'path',
    formatPointer(tokens),
    `a path that is there; ${led} is ${kindOf(there)}`,
  )
}

/** The pointer that these tokens are of. */
export function formatPointer(tokens: readonly string[]): string {
  return tokens.map(token => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

const SHOWN_KEYS = 10

function kindOf(value: Json): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value !== 'object') return `a ${typeof value}`
  const keys = Object.keys(value)
  if (keys.length === 0) return 'an object without properties'
  const more = keys.length > SHOWN_KEYS ? ' and more' : ''
  return `an object with ${keys.slice(0, SHOWN_KEYS).join(', ')}${more}`
}
