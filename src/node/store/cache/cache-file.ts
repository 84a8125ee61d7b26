import { closeSync, openSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { CacheLimits } from '../../../shared/cache/cache-store.ts'
import { CacheDatabase } from './cache-database.ts'

/** Written to `user_version`: a file of another one is thrown away. */
const SCHEMA_VERSION = 1

/**
 * Opens a cache's file for this process alone. What it holds can be made again: a commit is not waited for until it is on
 * the disk, and a file that is damaged or of another version is thrown away. Throws where none can be opened.
 */
export function openCacheFile(path: string, limits: CacheLimits): CacheDatabase {
  try {
    return open(path, limits)
  } catch {
    for (const each of [path, `${path}-wal`, `${path}-shm`]) rmSync(each, { force: true })
    return open(path, limits)
  }
}

function open(path: string, limits: CacheLimits): CacheDatabase {
  // Values are what people's tools gave: the file is its user's alone.
  closeSync(openSync(path, 'a', 0o600))
  const db = new DatabaseSync(path, { timeout: 0 })
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
    const { user_version: version } = { user_version: 0, ...db.prepare('PRAGMA user_version').get() }
    const isNew = db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined
    if (!isNew && version !== SCHEMA_VERSION) throw new Error(`the cache's schema is of version ${version}`)
    db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`)
    return new CacheDatabase(db, limits)
  } catch (error) {
    db.close()
    throw error
  }
}
