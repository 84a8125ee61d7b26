import { z } from 'zod'
import { defineTool, EVERYWHERE, PURE } from '../../src/shared/tools/define-tool.ts'

/** Most characters in one count: about two seconds of work for plain prose. */
const MAX_CHARS = 4 * 1024 * 1024

/** The tables are large (0.6 to 2.4 MB): only the one that is asked for is loaded. */
const ENCODINGS = {
  o200k_base: () => import('gpt-tokenizer/encoding/o200k_base'),
  cl100k_base: () => import('gpt-tokenizer/encoding/cl100k_base'),
  p50k_base: () => import('gpt-tokenizer/encoding/p50k_base'),
  r50k_base: () => import('gpt-tokenizer/encoding/r50k_base'),
}

export const encoding = z.enum(['o200k_base', 'cl100k_base', 'p50k_base', 'r50k_base'])
export type Encoding = z.infer<typeof encoding>

/** Number of tokens of a text. Names of special tokens in it, as `<|endoftext|>`, count as plain text. */
export async function countTokens(text: string, name: Encoding): Promise<number> {
  const tokenizer = await ENCODINGS[name]()
  return tokenizer.countTokens(text, { allowedSpecial: new Set(), disallowedSpecial: new Set() })
}

export default defineTool({
  name: 'text_token_count',
  category: 'text',
  title: 'Count tokens',
  description:
    'Counts the tokens of a text exactly as language models of the GPT family do (byte pair encodings o200k_base, ' +
    'cl100k_base, p50k_base, r50k_base), for fitting a prompt into a context window or reckoning its cost.',
  effects: PURE,
  platforms: EVERYWHERE,
  input: z.strictObject({
    text: z.string().max(MAX_CHARS).describe('The text to count'),
    encoding: encoding
      .default('o200k_base')
      .describe(
        'o200k_base: GPT-4o and later; cl100k_base: GPT-4, GPT-3.5; p50k_base: Codex; r50k_base: GPT-3',
      ),
  }),
  output: z.object({
    tokens: z.int().describe('Number of tokens'),
    encoding: encoding.describe('The encoding that was used'),
    characters: z.int().describe('Length of the text in UTF-16 code units'),
  }),
  async run({ text, encoding }) {
    return { tokens: await countTokens(text, encoding), encoding, characters: text.length }
  },
})
