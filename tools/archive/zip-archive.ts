import {
  configure,
  type Entry,
  type FileEntry,
  Uint8ArrayReader,
  ZipReader,
} from '@zip.js/zip.js/lib/zip-core-native.js'
import { InvalidInputError } from '../../src/shared/tools/errors.ts'

/** Most entries that an archive may have: its directory is held in memory. */
export const MAX_ENTRIES = 50_000

// A tool is in a worker already; and the platform inflates, as a page's CSP lets no WebAssembly be fetched for it.
configure({ useWebWorkers: false, useCompressionStream: true })

/** Calls `use` with the archive's entries and closes it after. Throws InvalidInputError for what is no ZIP archive. */
export async function withEntries<T>(
  archive: Uint8Array,
  signal: AbortSignal,
  use: (entries: Entry[]) => Promise<T> | T,
): Promise<T> {
  // Names that lead outside are reported entry by entry, so that the rest of the archive can be used.
  const reader = new ZipReader(new Uint8ArrayReader(archive), { signal, filenameValidation: 'tolerant' })
  try {
    return await use(await readEntries(reader))
  } finally {
    await reader.close()
  }
}

async function readEntries(reader: ZipReader<unknown>): Promise<Entry[]> {
  const entries: Entry[] = []
  try {
    for await (const entry of reader.getEntriesGenerator()) {
      if (entries.push(entry) > MAX_ENTRIES) break
    }
  } catch (error) {
    throw badArchive(error instanceof Error ? error.message : String(error))
  }
  if (entries.length > MAX_ENTRIES) throw badArchive(`one of at most ${MAX_ENTRIES} entries`)
  return entries
}

/** Why an entry's path must not be used to write a file: it would lead out of the folder it is extracted to. */
export function isUnsafePath(path: string): boolean {
  return /^(?:[/\\]|[a-zA-Z]:)/.test(path) || path.split(/[/\\]/).includes('..') || path.includes('\0')
}

export function isFile(entry: Entry): entry is FileEntry {
  return !entry.directory
}

export function badArchive(reason: string): InvalidInputError {
  return new InvalidInputError('/base64', 'an archive', `a readable ZIP archive: ${reason}`)
}
