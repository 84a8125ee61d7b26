import { z } from 'zod'
import { cidOfBytes } from '../../src/shared/tools/cid.ts'
import { contentFields, exactlyOneContent } from '../../src/shared/tools/content.ts'
import { defineTool, EVERYWHERE, PURE } from '../../src/shared/tools/define-tool.ts'
import { chunkSizeFields, chunkText } from '../text/text_chunk.ts'
import { keywordsOf } from '../text/text_keywords.ts'
import { minHash } from '../text/text_minhash.ts'
import { countTokens } from '../text/text_token_count.ts'
import { documentFormat, documentText } from './document-text.ts'

const STEPS = 4
const SHINGLE_WORDS = 3

export default defineTool({
  name: 'document_profile',
  category: 'document',
  title: 'Profile a document',
  description:
    'Reads a PDF, HTML page, Markdown or text and describes it in one call: title, length, chunk offsets, keywords, MinHash ' +
    'signature and the CID of its text. The same input gives the same profile on every peer.',
  effects: PURE,
  platforms: EVERYWHERE,
  input: z
    .strictObject({
      name: z
        .string()
        .min(1)
        .max(4_096)
        .describe('Name of the document, as its path; its extension helps to recognise the format'),
      ...contentFields('The document (text in UTF-8)'),
      format: documentFormat
        .optional()
        .describe('Format of the document; left out, it is recognised by content and name'),
      ...chunkSizeFields,
      keywords: z.int().min(0).max(200).default(10).describe('Most keywords to give'),
      permutations: z.int().min(16).max(1_024).default(128).describe('Length of the MinHash signature'),
      excerpt_chars: z
        .int()
        .min(0)
        .max(100_000)
        .default(0)
        .describe('Most characters (UTF-16 code units) of its text to give as `excerpt`, from its start'),
      count_tokens: z.boolean().default(false).describe('Also count tokens (o200k_base); takes longer'),
    })
    .refine(...exactlyOneContent)
    .refine(({ max_chars, overlap }) => overlap * 2 <= max_chars, {
      path: ['overlap'],
      error: 'at most half of max_chars',
    }),
  output: z.object({
    name: z.string().describe('The name that was given'),
    format: documentFormat.describe('The format it was read as'),
    title: z.string().optional().describe('Title of the document, where it has one'),
    characters: z.int().describe('Length of the text in UTF-16 code units'),
    tokens: z.int().optional().describe('Number of tokens (o200k_base), when asked for'),
    chunks: z
      .array(
        z.object({
          index: z.int().describe('Position in the list, from 0'),
          start: z.int().describe('Offset of its first character in the text'),
          end: z.int().describe('Offset after its last character'),
        }),
      )
      .describe('How the text splits into chunks'),
    keywords: z
      .array(
        z.object({
          term: z.string().describe('Word or phrase'),
          score: z.number().describe('Rank relative to the best'),
        }),
      )
      .describe('Keywords, best first'),
    minhash: z
      .object({
        signature: z.array(z.int()).describe('One unsigned 32-bit number for each permutation'),
        shingles: z.int().describe('Number of distinct shingles of three words'),
      })
      .describe('MinHash signature, as text_minhash gives it'),
    excerpt: z.string().optional().describe('The first characters of its text, when asked for'),
    text_cid: z.string().describe('CID of the extracted text (UTF-8, one raw block)'),
  }),
  async run(input, context) {
    const { text, title, format } = await documentText(input, context.signal)
    context.progress(1, STEPS, 'text extracted')
    const chunks = chunkText(text, input.max_chars, input.overlap)
    const keywords = keywordsOf(text, input.keywords).map(({ term, score }) => ({ term, score }))
    context.progress(2, STEPS, 'keywords found')
    const minhash = await minHash(text, input.permutations, SHINGLE_WORDS, context.signal)
    context.progress(3, STEPS, 'signature computed')
    const tokens = input.count_tokens ? await countTokens(text, 'o200k_base') : undefined
    context.progress(STEPS, STEPS)
    return {
      name: input.name,
      format,
      ...(title === undefined ? {} : { title }),
      characters: text.length,
      ...(tokens === undefined ? {} : { tokens }),
      chunks,
      keywords,
      minhash,
      ...(input.excerpt_chars === 0 ? {} : { excerpt: text.slice(0, input.excerpt_chars).toWellFormed() }),
      text_cid: cidOfBytes(new TextEncoder().encode(text)),
    }
  },
})
