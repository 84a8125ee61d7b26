import { chmodSync, closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { prepareWorkflowSchema } from '../workflow/workflow-schema.ts'
import { prepareSchema } from './queue-schema.ts'
import { openingError } from './sqlite-errors.ts'

export interface QueueFileOptions {
  /** The file; made when it is not there. */
  path: string
  /** `full`: every commit is on the disk. `normal`: a power cut may take the last ones, a crash of the process none. */
  synchronous: 'full' | 'normal'
}

/** Pages of the log before it is copied into the file: 16 MiB, as a copy's fsyncs cost as much as many commits. */
const CHECKPOINT_PAGES = 4_096

/**
 * Opens a task store's file for this process alone (`locking_mode=EXCLUSIVE`), so that what is in memory is what is in
 * the file. Throws `conflict` (in use, or a file that this version cannot read) or `unavailable`.
 */
export function openQueueFile({ path, synchronous }: QueueFileOptions): DatabaseSync {
  let db: DatabaseSync | undefined
  try {
    makePrivate(path)
    db = new DatabaseSync(path, { timeout: 0 })
    // Exclusive from the first access on, so that no second process works on the same tasks.
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; BEGIN EXCLUSIVE; COMMIT;')
    db.exec(`PRAGMA synchronous = ${synchronous === 'full' ? 'FULL' : 'NORMAL'}`)
    db.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA cache_size = -16000`)
    prepareSchema(db, path)
    prepareWorkflowSchema(db, path)
    return db
  } catch (error) {
    if (db?.isOpen) db.close()
    throw openingError(error, path)
  }
}

/** Tasks hold what people submit: the file is its user's alone, and SQLite gives its mode to the log beside it. */
function makePrivate(path: string): void {
  closeSync(openSync(path, 'a', 0o600))
  try {
    chmodSync(path, 0o600)
  } catch {
    // A file system without modes: who may read there was decided when it was mounted.
  }
}
