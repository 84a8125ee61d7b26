import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { markdownText } from '../document/markdown-text.ts'
import { fixtureText, tryTool } from '../try-tool.node.ts'
import textMinhash, { bandsOf, minHash } from './text_minhash.ts'

const { signal } = new AbortController()

function agreement(a: readonly number[], b: readonly number[]): number {
  return a.filter((value, at) => value === b[at]).length / a.length
}

/** Exact Jaccard similarity of sets of single words. */
function jaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const shared = [...a].filter(word => b.has(word)).length
  return shared / (a.size + b.size - shared)
}

function inBoth(a: readonly string[], b: readonly string[]): number {
  return a.filter(key => b.includes(key)).length
}

describe('text_minhash', () => {
  it('gives equal signatures for texts that differ in case, spacing and punctuation only', async () => {
    const one = await tryTool(textMinhash, { text: 'The quick brown fox jumps over the lazy dog.' })
    const two = await tryTool(textMinhash, { text: 'the QUICK  brown fox — jumps over: the lazy dog!' })
    expect(one.shingles).toBe(7)
    expect(one).toEqual(two)
  })

  it('estimates the Jaccard similarity within its standard error', async () => {
    for (const shared of [20, 100, 180]) {
      const left = new Set(Array.from({ length: 200 }, (_, n) => `word${n}`))
      const right = new Set(Array.from({ length: 200 }, (_, n) => `word${n + 200 - shared}`))
      const [a, b] = await Promise.all(
        [left, right].map(words => minHash([...words].join(' '), 1_024, 1, signal)),
      )
      // Standard error is at most 1 / (2 √1024) = 0.016; five of them.
      expect(Math.abs(agreement(a!.signature, b!.signature) - jaccard(left, right))).toBeLessThan(0.08)
    }
  })

  it('shows two versions of one README as alike and other READMEs as strangers', async () => {
    const profile = async (name: string) =>
      tryTool(textMinhash, { text: markdownText(await fixtureText(name)).text })
    const [newer, older, other] = await Promise.all(
      ['picomatch.md', 'picomatch-older.md', 'fast-glob.md'].map(profile),
    )
    expect(agreement(newer!.signature, older!.signature)).toBeGreaterThan(0.6)
    expect(agreement(newer!.signature, other!.signature)).toBeLessThan(0.1)
    expect(inBoth(newer!.bands, older!.bands)).toBeGreaterThan(3)
    expect(inBoth(newer!.bands, other!.bands)).toBe(0)
  })

  it('keeps to one value for one text for all time: signatures are stored and compared', async () => {
    const { signature } = await minHash('The quick brown fox jumps over the lazy dog', 16, 3, signal)
    expect(signature).toMatchSnapshot()
  })

  it('gives numbers of 32 bits and one key for each band', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), async text => {
        const { signature, bands } = await tryTool(textMinhash, { text, permutations: 32, bands: 8 })
        expect(signature.every(value => Number.isInteger(value) && value >= 0 && value <= 0xffffffff)).toBe(
          true,
        )
        expect(bands).toEqual(bandsOf(signature, 8))
        expect(new Set(bands).size).toBe(8)
      }),
      { numRuns: 50 },
    )
  })

  it('has no shingle for an empty text and one for a text shorter than a shingle', async () => {
    expect((await tryTool(textMinhash, { text: ' ' })).shingles).toBe(0)
    expect((await tryTool(textMinhash, { text: 'one two' })).shingles).toBe(1)
  })

  it('refuses bands that do not divide the permutations', async () => {
    const refused = tryTool(textMinhash, { text: 'a', permutations: 100, bands: 32 })
    await expect(refused).rejects.toMatchObject({ code: 'invalid_input', details: { field: '/bands' } })
  })

  it('stops when it is cancelled in the middle', async () => {
    const controller = new AbortController()
    const text = Array.from({ length: 100_000 }, (_, n) => `w${n}`).join(' ')
    const running = minHash(text, 128, 1, controller.signal)
    controller.abort(new Error('enough'))
    await expect(running).rejects.toThrow('enough')
  })
})
