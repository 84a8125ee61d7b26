import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { markdownText } from '../document/markdown-text.ts'
import { fixtureText, tryTool } from '../try-tool.node.ts'
import textKeywords, { keywordsOf } from './text_keywords.ts'

// The abstract that the TextRank paper works through (Inspec; Mihalcea and Tarau 2004, figure 2).
const INSPEC =
  'Compatibility of systems of linear constraints over the set of natural numbers. Criteria of compatibility of a system ' +
  'of linear Diophantine equations, strict inequations, and nonstrict inequations are considered. Upper bounds for ' +
  'components of a minimal set of solutions and algorithms of construction of minimal generating sets of solutions for ' +
  'all types of systems are given. These criteria and the corresponding algorithms for constructing a minimal supporting ' +
  'set of solutions can be used in solving all the considered types systems and systems of mixed types.'

describe('text_keywords', () => {
  it("finds keywords that the paper's own example finds", async () => {
    const { keywords } = await tryTool(textKeywords, { text: INSPEC, limit: 12 })
    const terms = keywords.map(({ term }) => term)
    for (const term of ['systems', 'set', 'minimal', 'linear', 'solutions']) expect(terms).toContain(term)
  })

  it.each([
    ['picomatch.md', ['picomatch', 'glob']],
    ['fast-glob.md', ['patterns', 'file', 'directory']],
    ['html-to-text.md', ['html', 'text', 'options']],
  ])('says what the README %s is about', async (name, expected) => {
    const { text } = markdownText(await fixtureText(name))
    const terms = (await tryTool(textKeywords, { text })).keywords.map(({ term }) => term)
    for (const term of expected) expect(terms.join(' ')).toContain(term)
    expect(terms).not.toContain('the')
  })

  it('gives phrases of neighbouring words, and the best score 1', async () => {
    const text =
      'The apple orchard is old. An apple orchard needs pruning. We love the apple orchard in winter, and pruning too.'
    const { keywords } = await tryTool(textKeywords, { text })
    expect(keywords[0]!.score).toBe(1)
    expect(keywords.find(({ term }) => term === 'apple orchard')).toMatchObject({ count: 3 })
  })

  it('recognises the language by its stop words', async () => {
    const german =
      'Der alte Garten und die Bäume darin werden in jedem Winter von der Gärtnerin mit einer Säge geschnitten.'
    const result = await tryTool(textKeywords, { text: german })
    expect(result.language).toBe('de')
    expect(result.keywords.map(({ term }) => term)).toContain('garten')
    expect(result.keywords.map(({ term }) => term)).not.toContain('und')
  })

  it('gives none for a text without words', async () => {
    expect(await tryTool(textKeywords, { text: '!!! … 42 ---' })).toEqual({ keywords: [], language: 'en' })
  })

  it('keeps to the limit, in falling order, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), fc.integer({ min: 1, max: 5 }), (text, limit) => {
        const scores = keywordsOf(text, limit).map(({ score }) => score)
        expect(scores.length).toBeLessThanOrEqual(limit)
        expect(scores).toEqual(scores.toSorted((a, b) => b - a))
      }),
    )
  })
})
