/** A folder's documents in parts that each travel in one request. */
import { ToolmeshError } from '../../shared/errors.ts'
import { type Document, documentNames, readDocument, type SkipReason } from './documents.ts'
import { NoDocumentsError, TooManyDocumentsError } from './errors.ts'

/** Documents of one part: as many as one page of a step's items shows. */
export const PART_DOCUMENTS = 1_000

const LIMITS = {
  /** Bytes of JSON of one part: half of what a node takes as the body of a request. */
  partBytes: 8 * 1024 * 1024,
  partDocuments: PART_DOCUMENTS,
  /** Documents of all parts: what one search index takes. */
  documents: 20_000,
}

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
export async function partsOf(folder: string, signal: AbortSignal, limits = LIMITS): Promise<Parts> {
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
    if (part.length === 0 || part.length === limits.partDocuments || bytes + size > limits.partBytes) {
      part = []
      parts.push(part)
      bytes = 0
    }
    part.push(name)
    bytes += size
    documents += 1
  }
  if (documents === 0) throw new NoDocumentsError(folder)
  if (documents > limits.documents) throw new TooManyDocumentsError(folder, documents, limits.documents)
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
