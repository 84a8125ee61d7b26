import { InvalidInputError } from '../errors.ts'

/** Characters handed to one `String.fromCharCode` call: well below every engine's limit on arguments. */
const SLICE_BYTES = 8_192

/** Bytes as base64 (RFC 4648 section 4, padded), alike on every platform. */
export function base64OfBytes(bytes: Uint8Array): string {
  const slices: string[] = []
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
    slices.push(String.fromCharCode(...bytes.subarray(at, at + SLICE_BYTES)))
  }
  return btoa(slices.join(''))
}

/** Bytes of padded base64 text. Throws InvalidInputError for `field` (a JSON Pointer) when it is not base64. */
export function bytesOfBase64(text: string, field = '/base64'): Uint8Array<ArrayBuffer> {
  let binary: string
  try {
    binary = atob(text)
  } catch {
    throw new InvalidInputError(field, text, 'base64 (RFC 4648 section 4)')
  }
  const bytes = new Uint8Array(binary.length)
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at)
  return bytes
}
