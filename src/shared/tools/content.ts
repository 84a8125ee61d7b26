/** Input that is either text or bytes, the same two fields in every tool that takes content. */
import { z } from 'zod'
import { bytesOfBase64 } from './base64.ts'

/** Most characters of text in one input: keeps a call, with its JSON escapes, well inside a 64 MiB blob. */
export const MAX_TEXT_CHARS = 16 * 1024 * 1024
/** Most bytes of binary content in one input, before base64: large enough for real PDFs and archives. */
export const MAX_BINARY_BYTES = 32 * 1024 * 1024

/**
 * Bytes in a JSON field. Whether it is base64 is found by decoding it: the pattern for it would push one
 * backtracking entry for every four characters and fail on large inputs.
 */
export const base64Field = (what: string) =>
  z
    .string()
    .max(Math.ceil(MAX_BINARY_BYTES / 3) * 4)
    .meta({ contentEncoding: 'base64' })
    .describe(
      `${what}, as base64 (RFC 4648, padded); at most ${MAX_BINARY_BYTES / 1024 / 1024} MiB before encoding`,
    )

/** Fields `text` and `base64`; {@link exactlyOneContent} checks that one of the two is given. */
export const contentFields = (what: string) => ({
  text: z.string().max(MAX_TEXT_CHARS).optional().describe(`${what} as text. Give either this or base64`),
  base64: base64Field(`${what} as bytes. Give either this or text`).optional(),
})

/** What {@link contentFields} parse to. */
export interface Content {
  text?: string | undefined
  base64?: string | undefined
}

/**
 * Arguments for zod's `refine`: exactly one of `text` and `base64` is given. It is not in the JSON Schema, as
 * some agents' APIs refuse a `oneOf` at the root of an input.
 */
export const exactlyOneContent: [(content: Content) => boolean, { error: string }] = [
  content => (content.text === undefined) !== (content.base64 === undefined),
  { error: 'an input with exactly one of text and base64' },
]

/** The bytes that were given: text as UTF-8. */
export function bytesOfContent(content: Content): Uint8Array<ArrayBuffer> {
  return content.base64 === undefined
    ? new TextEncoder().encode(content.text ?? '')
    : bytesOfBase64(content.base64)
}
