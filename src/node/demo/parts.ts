/** A folder's documents in parts that each travel in one request. */
import { ToolmeshError } from '../../shared/errors.ts'
import { type Document, documentNames, readDocument, type SkipReason } from './documents.ts'
import { NoDocumentsError, TooManyDocumentsError } from './errors.ts'

/** Bytes of JSON of one part: half of what a node takes as the body of a request. */
const PART_BYTES = 8 * 1024 * 1024
/** Documents of one part: as many as one page shows of its items. */
const PART_DOCUMENTS = 1_000
/** Documents of all parts: what one search index takes. */
const MAX_DOCUMENTS = 20_000

export interface Parts {
  /** The names of each part's documents, sorted over all of them. */
  parts: string[][]
  documents: number
  /** How many files were left out, by reason. */
  skipped: Map<SkipReason, number>
}

/**
 * Reads every document once, to know which ones there are; nothing but their names is kept.
 * @throws NoDocumentsError, TooManyDocumentsError
 */
export async function partsOf(folder: string, signal: AbortSignal): Promise<Parts> {
  const skipped = new Map<SkipReason, number>()
  const parts: string[][] = []
  let part: string[] = []
  let bytes = 0
  let documents = 0
  for (const name of await documentNames(folder, signal)) {
    signal.throwIfAborted()
    const document = await readDocument(folder, name)
    if (typeof document === 'string') {
      skipped.set(document, (skipped.get(document) ?? 0) + 1)
      continue
    }
    const size = Buffer.byteLength(JSON.stringify(document)) + 1
    if (part.length === 0 || part.length === PART_DOCUMENTS || bytes + size > PART_BYTES) {
      part = []
      parts.push(part)
      bytes = 0
    }
    part.push(name)
    bytes += size
    documents += 1
  }
  if (documents === 0) throw new NoDocumentsError(folder)
  if (documents > MAX_DOCUMENTS) throw new TooManyDocumentsError(folder, documents, MAX_DOCUMENTS)
  return { parts, documents, skipped }
}

/** The documents of a part, read again. @throws ToolmeshError `conflict` for one that is none any more */
export async function readPart(
  folder: string,
  names: readonly string[],
  signal: AbortSignal,
): Promise<Document[]> {
  const documents: Document[] = []
  for (const name of names) {
    signal.throwIfAborted()
    const document = await readDocument(folder, name)
    if (typeof document === 'string')
      throw new ToolmeshError(
        'conflict',
        `${name} has changed since the folder was read, and is ${document} now`,
      )
    documents.push(document)
  }
  return documents
}
