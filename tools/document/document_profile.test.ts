import { describe, expect, it } from 'vitest'
import ipfsCid from '../ipfs/ipfs_cid.ts'
import textChunk from '../text/text_chunk.ts'
import textKeywords from '../text/text_keywords.ts'
import textMinhash from '../text/text_minhash.ts'
import { fixtureBase64, fixtureText, TestContext, tryTool } from '../try-tool.node.ts'
import documentExtractText from './document_extract_text.ts'
import documentProfile from './document_profile.ts'

describe('document_profile', () => {
  it('says of a README what the single tools say', async () => {
    const source = { text: await fixtureText('fast-glob.md'), name: 'fast-glob/README.md' }
    const context = new TestContext()
    const profile = await tryTool(documentProfile, { ...source, count_tokens: true }, context)

    const { text, title, format } = await tryTool(documentExtractText, source)
    expect(profile).toMatchObject({ name: source.name, title, format, characters: text.length })
    const { chunks } = await tryTool(textChunk, { text })
    expect(profile.chunks).toEqual(chunks.map(({ index, start, end }) => ({ index, start, end })))
    const { keywords } = await tryTool(textKeywords, { text })
    expect(profile.keywords).toEqual(keywords.map(({ term, score }) => ({ term, score })))
    const { signature, shingles } = await tryTool(textMinhash, { text })
    expect(profile.minhash).toEqual({ signature, shingles })
    expect(profile.text_cid).toBe((await tryTool(ipfsCid, { text, codec: 'raw' })).cid)
    expect(profile.tokens).toBeGreaterThan(3_000)
    expect(context.progressed.at(-1)).toEqual({ done: 4, total: 4 })
  })

  it('counts tokens only when asked to', async () => {
    expect(await tryTool(documentProfile, { name: 'a.txt', text: 'some text' })).not.toHaveProperty('tokens')
  })

  it('gives the start of the text when asked to, well-formed where it is cut', async () => {
    const whole = { name: 'a.md', text: '# Owls 🦉 hunt' }
    expect(await tryTool(documentProfile, whole)).not.toHaveProperty('excerpt')
    expect(await tryTool(documentProfile, { ...whole, excerpt_chars: 4 })).toMatchObject({ excerpt: 'Owls' })
    expect((await tryTool(documentProfile, { ...whole, excerpt_chars: 6 })).excerpt).toBe('Owls \ufffd')
    expect((await tryTool(documentProfile, { ...whole, excerpt_chars: 99 })).excerpt).toMatch(/hunt$/)
  })

  it('profiles a PDF', async () => {
    const profile = await tryTool(documentProfile, {
      name: 'orchard.pdf',
      base64: await fixtureBase64('orchard.pdf'),
    })
    expect(profile.format).toBe('pdf')
    expect(profile.keywords.map(({ term }) => term)).toContain('pruning')
  })

  it('profiles an empty document', async () => {
    const profile = await tryTool(documentProfile, { name: 'empty.md', text: '' })
    expect(profile).toMatchObject({ characters: 0, chunks: [], keywords: [], minhash: { shingles: 0 } })
  })
})
