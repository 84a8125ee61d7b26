import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tryTool } from '../try-tool.node.ts'
import textChunk, { chunkText } from './text_chunk.ts'

describe('text_chunk', () => {
  it('cuts at paragraph ends before sentence ends, and at those before words', () => {
    const text = `${'One sentence. '.repeat(4)}\n\n${'word '.repeat(40)}`
    const [first, second] = chunkText(text, 80, 0)
    expect(text.slice(first!.start, first!.end)).toMatch(/One sentence\. \n\n$/)
    expect(text.slice(second!.start, second!.end)).toMatch(/word $/)
  })

  it('gives offsets that match the text, and default sizes', async () => {
    const text = 'A sentence that is repeated. '.repeat(200)
    const { chunks, count } = await tryTool(textChunk, { text })
    expect(count).toBe(chunks.length)
    expect(count).toBeGreaterThan(4)
    for (const chunk of chunks) {
      expect(chunk.text).toBe(text.slice(chunk.start, chunk.end))
      expect(chunk.text.length).toBeLessThanOrEqual(1_200)
    }
    expect(chunks[1]!.start).toBeLessThan(chunks[0]!.end)
    expect(chunks[1]!.text).toMatch(/^\w/)
  })

  it('gives no chunk for an empty text', async () => {
    expect(await tryTool(textChunk, { text: '' })).toEqual({ chunks: [], count: 0 })
  })

  it('covers every character, keeps within its limits and never parts a surrogate pair', () => {
    const text = fc.array(fc.constantFrom('a', 'word', ' ', '. ', '\n', '\n\n', '😀', 'é', '字。'), {
      maxLength: 400,
    })
    fc.assert(
      fc.property(
        text,
        fc.integer({ min: 16, max: 100 }),
        fc.integer({ min: 0, max: 8 }),
        (parts, maxChars, overlap) => {
          const whole = parts.join('')
          const chunks = chunkText(whole, maxChars, overlap)
          let reached = 0
          for (const [index, { start, end }] of chunks.entries()) {
            expect(chunks[index]!.index).toBe(index)
            expect(start).toBeLessThanOrEqual(reached)
            expect(reached - start).toBeLessThanOrEqual(overlap + 1)
            expect(end).toBeGreaterThan(reached)
            expect(end - start).toBeLessThanOrEqual(maxChars)
            expect(whole.slice(start, end).isWellFormed()).toBe(true)
            reached = end
          }
          expect(reached).toBe(whole.length)
        },
      ),
    )
  })

  it('takes time in proportion to a text without any boundary', () => {
    expect(chunkText('x'.repeat(2_000_000), 1_000, 100).length).toBeGreaterThan(2_000)
  })

  it('refuses an overlap over half of the size, naming the field', async () => {
    const refused = tryTool(textChunk, { text: 'a', max_chars: 100, overlap: 60 })
    await expect(refused).rejects.toMatchObject({ code: 'invalid_input', details: { field: '/overlap' } })
  })
})
