import { z } from 'zod'
import { MAX_TEXT_CHARS } from '../../src/shared/tools/content.ts'
import { defineTool, EVERYWHERE, PURE } from '../../src/shared/tools/define-tool.ts'
import { yieldToEvents } from '../../src/shared/tools/yield-to-events.ts'
import { wordsOf } from './words-of.ts'

/** What `minHash` gives: `signature` has one unsigned 32-bit number for each permutation. */
export interface MinHash {
  signature: number[]
  shingles: number
}

const NONE = 0xffffffff
/** Shingles between two looks at the signal: about 20 ms of work at 128 permutations. */
const SHINGLES_PER_TURN = 20_000

/**
 * MinHash (Broder, "On the resemblance and containment of documents", 1997) over the set of a text's word shingles:
 * the share of places where two signatures agree estimates the Jaccard similarity of the sets, with a standard error
 * of at most 1 / (2 √permutations). Each permutation of the 32-bit numbers is x → fmix32(a·x + b) with a odd, which
 * is one-to-one (fmix32: the finaliser of MurmurHash3, by Austin Appleby, public domain).
 */
export async function minHash(
  text: string,
  permutations: number,
  shingleWords: number,
  signal: AbortSignal,
): Promise<MinHash> {
  const shingles = [...shinglesOf(text, shingleWords)]
  const { multipliers, offsets } = permutationsOf(permutations)
  const signature = new Uint32Array(permutations).fill(NONE)
  for (const [index, shingle] of shingles.entries()) {
    for (let at = 0; at < permutations; at++) {
      const value = fmix32((Math.imul(shingle, multipliers[at] ?? 1) + (offsets[at] ?? 0)) | 0)
      if (value < (signature[at] ?? 0)) signature[at] = value
    }
    if (index % SHINGLES_PER_TURN === SHINGLES_PER_TURN - 1) await yieldToEvents(signal)
  }
  return { signature: [...signature], shingles: shingles.length }
}

/**
 * Keys of the signature's bands for locality-sensitive hashing (Leskovec, Rajaraman and Ullman, "Mining of Massive
 * Datasets", section 3.4): texts that share a key are candidates for being alike. With b bands of r rows the likely
 * ones are those above a similarity of about (1/b)^(1/r).
 */
export function bandsOf(signature: readonly number[], bands: number): string[] {
  const rows = signature.length / bands
  return Array.from({ length: bands }, (_, band) => {
    const part = signature.slice(band * rows, (band + 1) * rows)
    // Two hashes of 32 bits: one alone would make strangers meet in a few hundred thousand texts.
    const [low, high] = [hashNumbers(part, band), hashNumbers(part, ~band)]
    return `${band.toString(16)}:${hex(high)}${hex(low)}`
  })
}

/** The distinct shingles, as hashes. A text of fewer words than a shingle is one shingle; an empty one has none. */
function shinglesOf(text: string, size: number): Set<number> {
  const words = wordsOf(text).map(word => word.text)
  const shingles = new Set<number>()
  if (words.length === 0) return shingles
  for (let at = 0; at <= Math.max(0, words.length - size); at++)
    shingles.add(hashText(words.slice(at, at + size).join(' ')))
  return shingles
}

/** Coefficients from a fixed sequence (splitmix32), so that signatures of all peers can be compared. */
function permutationsOf(count: number): { multipliers: Int32Array; offsets: Int32Array } {
  const multipliers = new Int32Array(count)
  const offsets = new Int32Array(count)
  for (let at = 0; at < count; at++) {
    multipliers[at] = fmix32(Math.imul(2 * at + 1, 0x9e3779b9)) | 1
    offsets[at] = fmix32(Math.imul(2 * at + 2, 0x9e3779b9))
  }
  return { multipliers, offsets }
}

/** FNV-1a (RFC 9923) of 32 bits over the UTF-16 code units, low byte first. */
function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193)
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193)
  }
  return hash | 0
}

function hashNumbers(numbers: readonly number[], seed: number): number {
  return numbers.reduce(
    (hash, number) => fmix32(Math.imul(hash ^ number, 0x85ebca6b) + 0x9e3779b9),
    fmix32(seed),
  )
}

function fmix32(value: number): number {
  let hash = value
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

function hex(number: number): string {
  return number.toString(16).padStart(8, '0')
}

export default defineTool({
  name: 'text_minhash',
  category: 'text',
  title: 'MinHash signature of a text',
  description:
    'Computes a MinHash signature of a text, and keys of its LSH bands, to find near duplicates and similar documents without ' +
    'comparing them whole: the share of equal places in two signatures estimates the similarity of the texts (Jaccard, over ' +
    'word shingles), and texts that share a band key are candidates. Use the same settings for all texts.',
  effects: PURE,
  platforms: EVERYWHERE,
  input: z
    .strictObject({
      text: z.string().max(MAX_TEXT_CHARS).describe('The text, plain; case and punctuation do not count'),
      permutations: z
        .int()
        .min(16)
        .max(1_024)
        .default(128)
        .describe('Length of the signature; more is more exact'),
      shingle_words: z
        .int()
        .min(1)
        .max(16)
        .default(3)
        .describe('Words in a shingle; fewer forgive more edits'),
      bands: z
        .int()
        .min(1)
        .max(512)
        .default(32)
        .describe('LSH bands; must divide permutations. More bands catch less similar texts'),
    })
    .refine(({ permutations, bands }) => permutations % bands === 0, {
      path: ['bands'],
      error: 'a divisor of permutations',
    }),
  output: z.object({
    signature: z.array(z.int().min(0).max(NONE)).describe('One unsigned 32-bit number for each permutation'),
    bands: z.array(z.string()).describe('One key for each band; equal keys make two texts candidates'),
    shingles: z.int().describe('Number of distinct shingles in the text; 0 for a text without words'),
  }),
  async run({ text, permutations, shingle_words, bands }, { signal }) {
    const { signature, shingles } = await minHash(text, permutations, shingle_words, signal)
    return { signature, bands: bandsOf(signature, bands), shingles }
  },
})
