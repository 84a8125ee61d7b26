import { z } from 'zod'
import { canonicalBytes, cidOfBytes } from '../../src/shared/tools/cid.ts'
import { defineTool, EVERYWHERE, PURE } from '../../src/shared/tools/define-tool.ts'
import { InvalidInputError } from '../../src/shared/tools/errors.ts'
import { isJson } from '../../src/shared/tools/json.ts'
import { yieldToEvents } from '../../src/shared/tools/yield-to-events.ts'
import { NEAR_DUPLICATE, nearDuplicates } from './near-duplicates.ts'

const MAX_DOCUMENTS = 20_000
/** Profiles between two looks at the signal. */
const PROFILES_PER_TURN = 500

/** What is used of a profile; all of it counts for the CID. */
const profile = z.looseObject({
  name: z.string().min(1).max(4_096).describe('Name of the document, unique'),
  keywords: z
    .array(z.looseObject({ term: z.string().describe('Word or phrase') }))
    .max(200)
    .describe('Its keywords'),
  minhash: z
    .looseObject({
      signature: z
        .array(z.int().min(0).max(0xffffffff))
        .max(1_024)
        .describe('One unsigned 32-bit number for each permutation; of one length in all profiles'),
      shingles: z.int().min(0).describe('Number of distinct shingles; without any it is like no other'),
    })
    .describe('Its MinHash signature'),
})

type Profile = z.output<typeof profile>

export default defineTool({
  name: 'document_collection_profile',
  category: 'document',
  title: 'Profile a collection of documents',
  description:
    'Describes a collection from the profiles of its documents (document_profile): groups of near duplicates, the keywords that ' +
    'most documents have, and one CID of all profiles. The order of the profiles does not count.',
  effects: PURE,
  platforms: EVERYWHERE,
  input: z.strictObject({
    profiles: z
      .array(profile.nullable())
      .max(MAX_DOCUMENTS)
      .describe('As document_profile gave them; null for a document that could not be profiled'),
    keywords: z.int().min(0).max(1_000).default(20).describe('Most keywords to give'),
    threshold: z
      .number()
      .min(0.5)
      .max(1)
      .default(NEAR_DUPLICATE)
      .describe('How alike near duplicates are at least: the estimated share of common shingles'),
  }),
  output: z.object({
    documents: z.int().describe('Number of documents with a profile'),
    near_duplicates: z
      .array(z.array(z.string()))
      .describe('Groups of names, each with two or more that are alike'),
    keywords: z
      .array(
        z.object({
          keyword: z.string().describe('Word or phrase'),
          documents: z.int().describe('Number of documents that have it among their keywords'),
        }),
      )
      .describe('The keywords of most documents; of equals the first in the order of code units'),
    profiles_cid: z.string().describe('CID of the list of names and CIDs of all profiles, by name'),
  }),
  async run(input, context) {
    const profiles = input.profiles.filter(one => one !== null).sort((a, b) => (a.name < b.name ? -1 : 1))
    refuseDuplicates(profiles)
    const cids: { name: string; cid: string }[] = []
    for (const one of profiles) {
      cids.push({ name: one.name, cid: cidOf(one) })
      if (cids.length % PROFILES_PER_TURN !== 0) continue
      context.progress(cids.length, profiles.length, 'documents')
      await yieldToEvents(context.signal)
    }
    const signed = profiles.map(({ name, minhash: { signature, shingles } }) => {
      return { name, signature: shingles === 0 ? [] : signature }
    })
    return {
      documents: profiles.length,
      near_duplicates: nearDuplicates(signed, input.threshold),
      keywords: commonKeywords(profiles, input.keywords),
      profiles_cid: cidOfBytes(canonicalBytes(cids)),
    }
  },
})

function cidOf(one: Profile): string {
  if (!isJson(one)) throw new InvalidInputError('/profiles', one.name, 'profiles that are JSON')
  return cidOfBytes(canonicalBytes(one))
}

function refuseDuplicates(sorted: readonly Profile[]): void {
  for (const [at, { name }] of sorted.entries()) {
    if (name === sorted[at + 1]?.name)
      throw new InvalidInputError('/profiles', name, 'one profile for each name')
  }
}

function commonKeywords(
  profiles: readonly Profile[],
  most: number,
): { keyword: string; documents: number }[] {
  const counts = new Map<string, number>()
  for (const { keywords } of profiles) {
    for (const term of new Set(keywords.map(({ term }) => term)))
      counts.set(term, (counts.get(term) ?? 0) + 1)
  }
  return [...counts]
    .map(([keyword, documents]) => ({ keyword, documents }))
    .sort((a, b) => b.documents - a.documents || (a.keyword < b.keyword ? -1 : 1))
    .slice(0, most)
}
