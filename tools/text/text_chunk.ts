import { z } from 'zod'
import { MAX_TEXT_CHARS } from '../../src/shared/tools/content.ts'
import { defineTool, EVERYWHERE, PURE } from '../../src/shared/tools/define-tool.ts'

/** A piece of a text: `[start, end)` in UTF-16 code units. */
export interface Chunk {
  index: number
  start: number
  end: number
}

/** Where a text may be cut, best first; a cut stands right after the match. */
const BOUNDARIES = [/\n\s*\n/g, /[.!?。！？]["')\]]*\s/g, /\n/g, /\s/g]

/**
 * Cuts a text into pieces of at most `maxChars`, at the last paragraph end in reach, else the last sentence end,
 * line end or space, and in the middle of a word only where nothing else is in reach. Neighbours share up to
 * `overlap` characters. Every character is in some piece; surrogate pairs stay whole. Linear in the text's length.
 */
export function chunkText(text: string, maxChars: number, overlap: number): Chunk[] {
  const chunks: Chunk[] = []
  let start = 0
  while (start < text.length) {
    const end = text.length - start <= maxChars ? text.length : cut(text, start, start + maxChars)
    chunks.push({ index: chunks.length, start, end })
    if (end === text.length) break
    start = overlap === 0 ? end : nextStart(text, start, end, overlap)
  }
  return chunks
}

/** The end of a piece that starts at `start`: in its second half, so that pieces do not become needlessly small. */
function cut(text: string, start: number, limit: number): number {
  const from = start + Math.ceil((limit - start) / 2)
  const reach = text.slice(from, limit)
  for (const boundary of BOUNDARIES) {
    let last = 0
    for (const match of reach.matchAll(boundary)) last = match.index + match[0].length
    if (last > 0) return from + last
  }
  return wholeCharacter(text, limit, start)
}

/** Where the next piece starts: after a space within the overlap, so that it begins with a whole word. */
function nextStart(text: string, start: number, end: number, overlap: number): number {
  const from = Math.max(end - overlap, start + 1)
  const space = text.slice(from, end).search(/\s\S/)
  const next = space === -1 ? wholeCharacter(text, from, start) : from + space + 1
  return next > start ? next : end
}

/** `at`, or one less where it would part a surrogate pair (unless nothing would be left after `start`). */
function wholeCharacter(text: string, at: number, start: number): number {
  const parts =
    isBetween(text.charCodeAt(at - 1), 0xd800, 0xdbff) && isBetween(text.charCodeAt(at), 0xdc00, 0xdfff)
  if (!parts) return at
  return at - 1 > start ? at - 1 : at + 1
}

function isBetween(unit: number, low: number, high: number): boolean {
  return unit >= low && unit <= high
}

/** The parameters that set the size of chunks, for each tool that cuts a text. */
export const chunkSizeFields = {
  max_chars: z
    .int()
    .min(50)
    .max(1_000_000)
    .default(1_200)
    .describe('Most characters (UTF-16 code units) in a chunk'),
  overlap: z
    .int()
    .min(0)
    .max(100_000)
    .default(120)
    .describe('Most characters that a chunk repeats from the one before; at most half of max_chars'),
}

export default defineTool({
  name: 'text_chunk',
  category: 'text',
  title: 'Split a text into chunks',
  description:
    'Splits a long text into overlapping chunks of limited size for embedding, indexing or a language model. Cuts at ' +
    'paragraph ends where it can, else at sentence ends, lines or spaces; gives each chunk with its offsets in the text.',
  effects: PURE,
  platforms: EVERYWHERE,
  inlineMaxBytes: 8 * 1024,
  input: z
    .strictObject({
      text: z.string().max(MAX_TEXT_CHARS).describe('The text to split'),
      ...chunkSizeFields,
    })
    .refine(({ max_chars, overlap }) => overlap * 2 <= max_chars, {
      path: ['overlap'],
      error: 'at most half of max_chars',
    }),
  output: z.object({
    chunks: z
      .array(
        z.object({
          index: z.int().describe('Position in the list, from 0'),
          start: z.int().describe('Offset of its first character in the text'),
          end: z.int().describe('Offset after its last character'),
          text: z.string().describe('The chunk itself'),
        }),
      )
      .describe('The chunks in order; none for an empty text'),
    count: z.int().describe('Number of chunks'),
  }),
  run({ text, max_chars, overlap }) {
    const chunks = chunkText(text, max_chars, overlap).map(chunk => ({
      ...chunk,
      text: text.slice(chunk.start, chunk.end),
    }))
    return { chunks, count: chunks.length }
  },
})
