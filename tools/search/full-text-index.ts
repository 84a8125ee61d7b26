import MiniSearch, { type Options } from 'minisearch'
import { z } from 'zod'

export interface IndexedDocument {
  id: string
  title?: string | undefined
  text: string
}

/** The same for building and for reading: an index must be loaded with the options it was made with. */
export const INDEX_OPTIONS: Options<IndexedDocument> = {
  fields: ['title', 'text'],
  storeFields: ['title'],
  idField: 'id',
}

/** An index as one tool gives it and the other takes it. */
export const serialisedIndex = z.object({
  engine: z.literal('minisearch').describe('What made the index'),
  version: z.literal(1).describe('Version of its form'),
  data: z.record(z.string(), z.unknown()).describe('The index itself; pass it on as it is'),
})

export function newIndex(): MiniSearch<IndexedDocument> {
  return new MiniSearch(INDEX_OPTIONS)
}
