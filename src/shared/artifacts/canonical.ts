import canonicalizeJson from 'canonicalize'
import { InvalidInputError } from '../errors.ts'
import type { Json } from '../tools/tool.ts'

/** RFC 8785 form of a JSON value. Throws `invalid_input` for NaN, infinities, cycles and lone surrogates. */
export function canonicalize(value: Json): string {
  let text: string | undefined
  try {
    text = canonicalizeJson(value)
  } catch (error) {
    throw new InvalidInputError('value', String(error), 'a JSON value (RFC 8785)')
  }
  if (text === undefined || !text.isWellFormed()) {
    throw new InvalidInputError('value', typeof value, 'a JSON value (RFC 8785) of well-formed strings')
  }
  return text
}

/** UTF-8 bytes of the RFC 8785 form. */
export function canonicalBytes(value: Json): Uint8Array {
  return new TextEncoder().encode(canonicalize(value))
}
