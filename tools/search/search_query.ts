import MiniSearch from 'minisearch'
import { z } from 'zod'
import { defineTool, EVERYWHERE, PURE } from '../../src/shared/tools/define-tool.ts'
import { InvalidInputError } from '../../src/shared/tools/errors.ts'
import { INDEX_OPTIONS, type IndexedDocument, serialisedIndex } from './full-text-index.ts'

export default defineTool({
  name: 'search_query',
  category: 'search',
  title: 'Search an index',
  description:
    'Searches an index made by search_index_build and returns the documents that fit a query of plain words, ranked by ' +
    'BM25, with the terms that matched. Can forgive misspellings and match the beginnings of words.',
  effects: PURE,
  platforms: EVERYWHERE,
  input: z.strictObject({
    index: serialisedIndex.describe('The index, as search_index_build gave it'),
    query: z.string().min(1).max(10_000).describe('Words to look for'),
    limit: z.int().min(1).max(1_000).default(10).describe('Most results'),
    match: z
      .enum(['any', 'all'])
      .default('any')
      .describe('Whether a document must hold any or all of the words'),
    prefix: z.boolean().default(true).describe('Also match words that begin with a word of the query'),
    fuzzy: z
      .number()
      .min(0)
      .max(0.5)
      .default(0.2)
      .describe('Misspelling to forgive: edits as a share of the word; 0: none'),
  }),
  output: z.object({
    results: z
      .array(
        z.object({
          id: z.string().describe('The document'),
          title: z.string().optional().describe('Its title'),
          score: z.number().describe('BM25 score; only to be compared within one query'),
          terms: z.array(z.string()).describe('Terms of the document that matched'),
        }),
      )
      .describe('Best first'),
    total: z.int().describe('Number of documents that fit'),
  }),
  run({ index, query, limit, match, prefix, fuzzy }) {
    const found = load(index.data).search(query, {
      combineWith: match === 'all' ? 'AND' : 'OR',
      prefix,
      fuzzy: fuzzy === 0 ? false : fuzzy,
      boost: { title: 2 },
    })
    const results = found.slice(0, limit).map(({ id, title, score, terms }) => ({
      id: String(id),
      ...(typeof title === 'string' ? { title } : {}),
      score: Math.round(score * 1e6) / 1e6,
      terms,
    }))
    return { results, total: found.length }
  },
})

function load(data: Record<string, unknown>): MiniSearch<IndexedDocument> {
  try {
    return MiniSearch.loadJSON(JSON.stringify(data), INDEX_OPTIONS)
  } catch (error) {
    throw new InvalidInputError('/index/data', String(error), 'an index made by search_index_build')
  }
}
