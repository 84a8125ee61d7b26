import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fixtureText, tryTool } from '../try-tool.node.ts'
import documentCollectionProfile from './document_collection_profile.ts'
import documentProfile from './document_profile.ts'

const profileOf = async (name: string, text: string) => tryTool(documentProfile, { name, text })

/** A profile with nothing but these keywords. */
const withKeywords = (name: string, ...keywords: string[]) => ({
  name,
  keywords: keywords.map(term => ({ term })),
  minhash: { signature: [], shingles: 0 },
})

describe('document_collection_profile', () => {
  it('groups READMEs that differ by a few words, and leaves others apart', async () => {
    const profiles = []
    for (const name of ['fast-glob.md', 'html-to-text.md']) {
      const text = await fixtureText(name)
      profiles.push(
        await profileOf(name, text),
        await profileOf(`edited ${name}`, text.replace('the', 'this')),
      )
    }
    const { documents, near_duplicates, profiles_cid } = await tryTool(documentCollectionProfile, {
      profiles: [...profiles, null],
    })
    expect(documents).toBe(4)
    expect(near_duplicates).toEqual([
      ['edited fast-glob.md', 'fast-glob.md'],
      ['edited html-to-text.md', 'html-to-text.md'],
    ])
    expect(profiles_cid).toMatch(/^bafkrei/)
  })

  it('counts documents of a keyword, not occurrences, and breaks ties by the order of code units', async () => {
    const profiles = [withKeywords('x', 'b', 'b', 'a'), withKeywords('y', 'c', 'b')]
    const counted = async (options: object) =>
      (await tryTool(documentCollectionProfile, { profiles, ...options })).keywords
    expect(await counted({})).toEqual([
      { keyword: 'b', documents: 2 },
      { keyword: 'a', documents: 1 },
      { keyword: 'c', documents: 1 },
    ])
    expect(await counted({ keywords: 1 })).toEqual([{ keyword: 'b', documents: 2 }])
  })

  it('does not depend on the order of the profiles', async () => {
    const keywords = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(fc.array(keywords, { maxLength: 8 }), async lists => {
        const profiles = lists.map((terms, index) => withKeywords(`d${index}`, ...terms))
        expect(await tryTool(documentCollectionProfile, { profiles: profiles.toReversed() })).toEqual(
          await tryTool(documentCollectionProfile, { profiles }),
        )
      }),
    )
  })

  it('gives another CID for any change of any profile', async () => {
    const cidOf = async (profiles: object[]) =>
      (await tryTool(documentCollectionProfile, { profiles: profiles as never })).profiles_cid
    const one = { ...withKeywords('a', 'k'), text_cid: 'bafkrei1' }
    const cids = await Promise.all([
      cidOf([]),
      cidOf([one]),
      cidOf([{ ...one, name: 'b' }]),
      cidOf([{ ...one, text_cid: 'bafkrei2' }]),
    ])
    expect(new Set(cids).size).toBe(4)
  })

  it('refuses two profiles of one name', async () => {
    const profiles = [withKeywords('a'), withKeywords('b'), withKeywords('a')]
    await expect(tryTool(documentCollectionProfile, { profiles })).rejects.toMatchObject({
      code: 'invalid_input',
      details: { field: '/profiles', value: 'a' },
    })
  })
})
