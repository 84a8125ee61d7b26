import { z } from 'zod'
import { defineTool, EVERYWHERE, PURE } from '../../src/shared/tools/define-tool.ts'
import { InvalidInputError } from '../../src/shared/tools/errors.ts'
import { yieldToEvents } from '../../src/shared/tools/yield-to-events.ts'
import { newIndex, serialisedIndex } from './full-text-index.ts'

const MAX_DOCUMENTS = 20_000
const MAX_DOCUMENT_CHARS = 4 * 1024 * 1024
/** Documents between two looks at the signal. */
const DOCUMENTS_PER_TURN = 50

export default defineTool({
  name: 'search_index_build',
  category: 'search',
  title: 'Build a search index',
  description:
    'Builds a full text search index (BM25) over documents with id, title and text, and returns it serialised. Keep it ' +
    'and hand it to search_query to find documents by words.',
  effects: PURE,
  platforms: EVERYWHERE,
  input: z.strictObject({
    documents: z
      .array(
        z.strictObject({
          id: z.string().min(1).max(1_024).describe('What search results name the document by; unique'),
          title: z.string().max(10_000).optional().describe('Title; words in it count double'),
          text: z.string().max(MAX_DOCUMENT_CHARS).describe('Plain text'),
        }),
      )
      .min(1)
      .max(MAX_DOCUMENTS)
      .describe('The documents to index'),
  }),
  output: z.object({
    index: serialisedIndex.describe('The serialised index, for search_query'),
    documents: z.int().describe('Number of documents in it'),
    terms: z.int().describe('Number of different terms in it'),
  }),
  async run({ documents }, context) {
    refuseDuplicates(documents)
    const index = newIndex()
    for (let at = 0; at < documents.length; at += DOCUMENTS_PER_TURN) {
      index.addAll(documents.slice(at, at + DOCUMENTS_PER_TURN))
      context.progress(index.documentCount, documents.length, 'documents')
      await yieldToEvents(context.signal)
    }
    const data = z.record(z.string(), z.unknown()).parse(JSON.parse(JSON.stringify(index)))
    return {
      index: { engine: 'minisearch' as const, version: 1 as const, data },
      documents: index.documentCount,
      terms: index.termCount,
    }
  },
})

function refuseDuplicates(documents: readonly { id: string }[]): void {
  const seen = new Set<string>()
  for (const [at, { id }] of documents.entries()) {
    if (seen.has(id))
      throw new InvalidInputError(`/documents/${at}/id`, id, 'an id that no other document has')
    seen.add(id)
  }
}
