import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import documentProfile from '../../../tools/document/document_profile.ts'
import { runTool } from '../../shared/tools/run-tool.ts'
import { documentNames, readDocument } from './documents.ts'
import { nearDuplicates } from './near-duplicates.ts'
import { topKeywords } from './report.ts'

describe('top keywords', () => {
  it('counts documents, not occurrences, and breaks ties by the alphabet', () => {
    const profiles = [{ keywords: ['b', 'b', 'a'] }, { keywords: ['c', 'b'] }]
    expect(topKeywords(profiles)).toEqual([
      { keyword: 'b', documents: 2 },
      { keyword: 'a', documents: 1 },
      { keyword: 'c', documents: 1 },
    ])
  })

  it('does not depend on the order of the documents', () => {
    const keywords = fc.record({ keywords: fc.array(fc.constantFrom('a', 'b', 'c', 'd')) })
    fc.assert(
      fc.property(fc.array(keywords), profiles => {
        expect(topKeywords(profiles.toReversed())).toEqual(topKeywords(profiles))
      }),
    )
  })
})

it('groups real documents that differ by a few words, and leaves others apart', async () => {
  const context = { signal: new AbortController().signal, progress: () => {}, log: () => {} }
  const names = (await documentNames('node_modules', context.signal)).filter(name =>
    /^(zod|yaml|ws)\/README.md$/i.test(name),
  )
  const signed = []
  for (const name of names) {
    const document = await readDocument('node_modules', name)
    if (typeof document === 'string') throw new Error(`${name}: ${document}`)
    const edited = { name: `edited ${name}`, text: document.text.replace('the', 'this') }
    for (const input of [{ ...document }, edited]) {
      const profile = await runTool(documentProfile, input, context)
      const { minhash } = profile as { minhash: { signature: number[] } }
      signed.push({ name: input.name, signature: minhash.signature })
    }
  }
  expect(names.length).toBeGreaterThan(1)
  expect(nearDuplicates(signed)).toEqual(names.map(name => [`edited ${name}`, name].sort()))
})
