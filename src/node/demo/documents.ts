/** The documents of the demo: every README and Markdown file below a folder. */
import type { Dirent } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { NoDocumentsError } from './errors.ts'

/** A longer file is no document that a person wrote; it is skipped. Bytes. */
export const MAX_DOCUMENT_BYTES = 1_048_576

const DOCUMENT = /(?:^readme(?:\.[a-z]{2})?(?:\.txt)?|\.(?:md|markdown))$/i

export interface Document {
  /** Path below the folder, with `/`. */
  name: string
  text: string
}

/** Why a file is not among the documents. */
export type SkipReason = 'larger than 1 MiB' | 'not UTF-8' | 'empty' | 'not readable'

/**
 * The names of all documents below `folder`, sorted; links are not followed, so that none is met twice.
 * @throws NoDocumentsError when the folder itself cannot be read
 */
export async function documentNames(folder: string, signal: AbortSignal): Promise<string[]> {
  const names: string[] = []
  const folders = [folder]
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    signal.throwIfAborted()
    for (const entry of await entriesOf(next, next === folder)) {
      const path = join(next, entry.name)
      if (entry.isDirectory() && !entry.name.startsWith('.')) folders.push(path)
      if (entry.isFile() && DOCUMENT.test(entry.name)) names.push(relative(folder, path).split(sep).join('/'))
    }
  }
  return names.sort()
}

/** A folder below that cannot be read holds nothing to a reader without the right. */
async function entriesOf(folder: string, isRoot: boolean): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    if (isRoot) throw new NoDocumentsError(folder, error)
    return []
  }
}

/** One document, or why it is skipped. */
export async function readDocument(folder: string, name: string): Promise<Document | SkipReason> {
  const path = join(folder, name)
  try {
    if ((await stat(path)).size > MAX_DOCUMENT_BYTES) return 'larger than 1 MiB'
    const text = decode(await readFile(path))
    if (text === undefined) return 'not UTF-8'
    return text.trim() === '' ? 'empty' : { name, text }
  } catch {
    return 'not readable'
  }
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}
