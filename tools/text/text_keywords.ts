import { deu, eng, fra, ita, nld, por, spa } from 'stopword/dist/stopword.esm.mjs'
import { z } from 'zod'
import { MAX_TEXT_CHARS } from '../../src/shared/tools/content.ts'
import { defineTool, EVERYWHERE, PURE } from '../../src/shared/tools/define-tool.ts'
import { type Word, wordsOf } from './words-of.ts'

const STOP_WORDS = {
  en: new Set(eng),
  de: new Set(deu),
  es: new Set(spa),
  fr: new Set(fra),
  it: new Set(ita),
  nl: new Set(nld),
  pt: new Set(por),
}

const language = z.enum(['en', 'de', 'es', 'fr', 'it', 'nl', 'pt'])
type Language = z.infer<typeof language>

/** A word or phrase with its rank: 1 is the best, the others relative to it. */
export interface Keyword {
  term: string
  score: number
  count: number
}

// The parameters of the paper: a window of two, damping 0.85; its 20 to 30 iterations end within 0.0001.
const DAMPING = 0.85
const ITERATIONS = 30
const MAX_PHRASE_WORDS = 3
/** What documents about software are full of and never about: words of code, and parts of addresses. */
const CODE_WORDS =
  'async await com boolean console const false github href http https npm null org param src true typeof undefined var void www'.split(
    ' ',
  )
/** The share of words, best first, that phrases are made of ("T" in the paper: a third of the vertices). */
const PHRASE_WORDS_SHARE = 1 / 3

/**
 * TextRank (Mihalcea and Tarau, "TextRank: Bringing Order into Texts", EMNLP 2004): words that stand next to each
 * other are linked, ranked as pages are by PageRank, and the best ones that are neighbours in the text become
 * phrases. Candidates are words of three letters or more that are no stop words, instead of the paper's nouns and
 * adjectives. Only additions, multiplications and divisions in a fixed order: every engine gets the same scores.
 */
export function keywordsOf(text: string, limit: number, chosen?: Language): Keyword[] {
  const words = wordsOf(text)
  const stop = new Set([...STOP_WORDS[chosen ?? languageOf(words)], ...CODE_WORDS])
  const runs = runsOf(text, words, stop)
  const ranks = rankWords(runs)
  const counts = countPhrases(runs, ranks)

  const scored = [...counts].map(([term, count]) => ({ term, score: scoreOf(term, ranks), count }))
  // A phrase that came once is chance; a word counts by its rank alone.
  const kept = scored.filter(({ term, count }) => count > 1 || !term.includes(' '))
  kept.sort((a, b) => b.score - a.score || (a.term < b.term ? -1 : 1))
  const best = kept[0]?.score ?? 1
  return kept.slice(0, limit).map(keyword => ({ ...keyword, score: round(keyword.score / best) }))
}

/** The language whose stop words are most of the text's words; English when none stands out. */
export function languageOf(words: readonly Word[]): Language {
  let found: Language = 'en'
  let most = 0
  for (const candidate of language.options) {
    const stop = STOP_WORDS[candidate]
    const hits = words.reduce((sum, word) => sum + (stop.has(word.text) ? 1 : 0), 0)
    if (hits > most) [found, most] = [candidate, hits]
  }
  return found
}

/** Candidates that follow each other with only spaces or a hyphen between. */
function runsOf(text: string, words: readonly Word[], stop: ReadonlySet<string>): string[][] {
  const runs: string[][] = []
  let end = -1
  for (const word of words) {
    if (word.text.length < 3 || stop.has(word.text) || /^\d/.test(word.text)) continue
    const follows = end >= 0 && word.start - end <= 2 && /^[ \n]*$/.test(text.slice(end, word.start))
    if (follows) runs.at(-1)?.push(word.text)
    else runs.push([word.text])
    end = word.end
  }
  return runs
}

function rankWords(runs: readonly string[][]): Map<string, number> {
  const candidates = runs.flat()
  const words = [...new Set(candidates)]
  const links = linksOf(candidates, words)
  const totals = links.map(weights => [...weights.values()].reduce((sum, weight) => sum + weight, 0))
  // Each word with the shares it takes of the words it is linked to, flat for speed.
  const inbound = links.map(weights =>
    [...weights].map(([other, weight]) => ({ other, share: weight / (totals[other] ?? 1) })),
  )

  let ranks = new Float64Array(words.length).fill(1)
  for (let round = 0; round < ITERATIONS; round++) {
    const next = new Float64Array(words.length)
    for (const [word, shares] of inbound.entries()) {
      let sum = 0
      for (const { other, share } of shares) sum += share * (ranks[other] ?? 0)
      next[word] = 1 - DAMPING + DAMPING * sum
    }
    ranks = next
  }
  return new Map(words.map((word, index) => [word, ranks[index] ?? 0]))
}

/** For each word, by its index, the words next to it and how often they are. */
function linksOf(candidates: readonly string[], words: readonly string[]): Map<number, number>[] {
  const indexOf = new Map(words.map((word, index) => [word, index]))
  const links = words.map(() => new Map<number, number>())
  const link = (from: number, to: number) => links[from]?.set(to, (links[from].get(to) ?? 0) + 1)
  let last: number | undefined
  for (const candidate of candidates) {
    const index = indexOf.get(candidate) ?? 0
    if (last !== undefined && last !== index) {
      link(last, index)
      link(index, last)
    }
    last = index
  }
  return links
}

/** How often each candidate word comes, and each phrase of the best ones. */
function countPhrases(runs: readonly string[][], ranks: ReadonlyMap<string, number>): Map<string, number> {
  const ordered = [...ranks].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
  const best = new Set(ordered.slice(0, Math.ceil(ordered.length * PHRASE_WORDS_SHARE)).map(([word]) => word))
  const counts = new Map<string, number>()
  const count = (term: string) => counts.set(term, (counts.get(term) ?? 0) + 1)
  for (const run of runs) {
    for (const [at, word] of run.entries()) {
      count(word)
      for (let words = 2; words <= MAX_PHRASE_WORDS; words++) {
        const phrase = run.slice(at, at + words)
        if (phrase.length < words || new Set(phrase).size < words || !phrase.every(part => best.has(part)))
          break
        count(phrase.join(' '))
      }
    }
  }
  return counts
}

/** The mean rank of a term's words: so a phrase stands among its words, not before them for its length alone. */
function scoreOf(term: string, ranks: ReadonlyMap<string, number>): number {
  const words = term.split(' ')
  return words.reduce((sum, word) => sum + (ranks.get(word) ?? 0), 0) / words.length
}

function round(value: number): number {
  return Math.round(value * 1e6) / 1e6
}

export default defineTool({
  name: 'text_keywords',
  category: 'text',
  title: 'Find keywords',
  description:
    'Finds the keywords and key phrases that say what a text is about (its topics), ranked by TextRank. For English, ' +
    'German, Spanish, French, Italian, Dutch and Portuguese; other languages work, with their stop words left in.',
  effects: PURE,
  platforms: EVERYWHERE,
  input: z.strictObject({
    text: z.string().max(MAX_TEXT_CHARS).describe('The text, plain'),
    limit: z.int().min(1).max(200).default(10).describe('Most keywords to give'),
    language: language.optional().describe('Language of the text; left out, it is found by its stop words'),
  }),
  output: z.object({
    keywords: z
      .array(
        z.object({
          term: z.string().describe('The word or phrase, lower-case'),
          score: z.number().describe('Its rank relative to the best, which has 1'),
          count: z.int().describe('How often it comes in the text'),
        }),
      )
      .describe('Best first'),
    language: language.describe('The language whose stop words were left out'),
  }),
  run(input) {
    const chosen = input.language ?? languageOf(wordsOf(input.text))
    return { keywords: keywordsOf(input.text, input.limit, chosen), language: chosen }
  },
})
