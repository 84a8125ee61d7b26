import { describe, expect, it } from 'vitest'
import { fixtureText, tryTool } from '../try-tool.node.ts'
import textTokenCount from './text_token_count.ts'

describe('text_token_count', () => {
  // Counts from OpenAI's cookbook "How to count tokens with tiktoken": example strings and encodings.
  it.each([
    ['antidisestablishmentarianism', 'r50k_base', 5],
    ['antidisestablishmentarianism', 'p50k_base', 5],
    ['antidisestablishmentarianism', 'cl100k_base', 6],
    ['antidisestablishmentarianism', 'o200k_base', 6],
    ['2 + 2 = 4', 'r50k_base', 5],
    ['2 + 2 = 4', 'cl100k_base', 7],
    ['2 + 2 = 4', 'o200k_base', 7],
    ['お誕生日おめでとう', 'r50k_base', 14],
    ['お誕生日おめでとう', 'cl100k_base', 9],
    ['お誕生日おめでとう', 'o200k_base', 8],
  ] as const)('counts %s in %s as tiktoken does: %i', async (text, encoding, tokens) => {
    expect(await tryTool(textTokenCount, { text, encoding })).toEqual({
      tokens,
      encoding,
      characters: text.length,
    })
  })

  it('takes o200k_base unless told otherwise', async () => {
    expect(await tryTool(textTokenCount, { text: 'hello world' })).toEqual({
      tokens: 2,
      encoding: 'o200k_base',
      characters: 11,
    })
  })

  it('counts the names of special tokens as plain text', async () => {
    expect((await tryTool(textTokenCount, { text: '<|endoftext|>' })).tokens).toBeGreaterThan(1)
  })

  it('counts nothing in an empty text', async () => {
    expect((await tryTool(textTokenCount, { text: '' })).tokens).toBe(0)
  })

  it('counts a real README at three to five characters a token', async () => {
    const { tokens, characters } = await tryTool(textTokenCount, { text: await fixtureText('picomatch.md') })
    expect(characters / tokens).toBeGreaterThan(2)
    expect(characters / tokens).toBeLessThan(5)
  })
})
