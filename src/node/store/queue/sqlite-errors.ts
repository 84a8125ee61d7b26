import { z } from 'zod'
import { ToolmeshError } from '../../../shared/errors.ts'
import { StoreFormatError, StoreInUseError, StoreUnavailableError } from '../../../shared/queue/errors.ts'

/** Primary result codes of SQLite (https://www.sqlite.org/rescode.html). */
const SQLITE_BUSY = 5
const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

/** What a person can act on, from the error that opening a database gave. */
export function openingError(error: unknown, path: string): ToolmeshError {
  if (error instanceof ToolmeshError) return error
  switch (resultCode(error)) {
    case SQLITE_BUSY:
      return new StoreInUseError(path)
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return new StoreFormatError(path, 'damaged, or not a database', 'its own files')
    default:
      return new StoreUnavailableError(
        `${path} cannot be opened: ${error instanceof Error ? error.message : error}`,
        error,
      )
  }
}

/** What a read, or a transaction that was not kept, gave (disk full, read-only, input and output errors, damage). */
export function workingError(error: unknown): ToolmeshError {
  if (error instanceof ToolmeshError) return error
  const code = resultCode(error)
  if (code === SQLITE_CORRUPT || code === SQLITE_NOTADB || error instanceof z.ZodError) {
    return new StoreUnavailableError(
      'its file is damaged: stop the node, then restore a copy or move it away',
      error,
    )
  }
  return new StoreUnavailableError(error instanceof Error ? error.message : String(error), error)
}

/** What SQLite says of these codes (`sqlite3_errstr`): under Deno `exec` gives its words alone. */
const CODES_BY_MESSAGE: Record<string, number> = {
  'database is locked': SQLITE_BUSY,
  'database disk image is malformed': SQLITE_CORRUPT,
  'file is not a database': SQLITE_NOTADB,
}

/** The primary result code is the low byte of an extended one. */
function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined
  if ('errcode' in error && typeof error.errcode === 'number') return error.errcode & 0xff
  return CODES_BY_MESSAGE[error.message]
}
