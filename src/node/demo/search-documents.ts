import { z } from 'zod'
import type { MeshClient } from '../cli/mesh-client.ts'
import { readDocument } from './documents.ts'
import type { Profile } from './profile-run.ts'

/** What the index is built from, in all: characters that travel in one call and fit an index that travels back. */
const INDEXED_CHARS = 2_000_000
/** Of one document, from its start: where it says what it is about. */
const MAX_EXCERPT_CHARS = 4_000
const ANSWERS = 5

export interface Answer {
  name: string
  score: number
}

export interface SearchOptions {
  mesh: MeshClient
  folder: string
  query: string
  signal: AbortSignal
}

const indexSchema = z.looseObject({ index: z.json() })
const resultsSchema = z.looseObject({
  results: z.array(z.looseObject({ id: z.string(), score: z.number() })),
})

/** Builds an index over the starts of the documents and asks it the query; the mesh does both. */
export async function searchDocuments(
  profiles: readonly Profile[],
  { mesh, folder, query, signal }: SearchOptions,
): Promise<Answer[]> {
  const documents = await excerpts(profiles, folder, signal)
  if (documents.length === 0) return []
  const { index } = await mesh.ask('search_index_build', { documents }, indexSchema, { signal })
  const { results } = await mesh.ask('search_query', { index, query, limit: ANSWERS }, resultsSchema, {
    signal,
  })
  return results.map(({ id, score }) => ({ name: id, score }))
}

async function excerpts(
  profiles: readonly Profile[],
  folder: string,
  signal: AbortSignal,
): Promise<{ id: string; text: string }[]> {
  const chars = Math.min(MAX_EXCERPT_CHARS, Math.floor(INDEXED_CHARS / Math.max(1, profiles.length)))
  const documents: { id: string; text: string }[] = []
  for (const { name } of profiles) {
    signal.throwIfAborted()
    const document = await readDocument(folder, name)
    if (typeof document === 'object') documents.push({ id: name, text: document.text.slice(0, chars) })
  }
  return documents
}
