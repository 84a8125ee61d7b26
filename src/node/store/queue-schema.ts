import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import { StoreFormatError } from '../../shared/queue/errors.ts'

/** Written to `user_version`; a file with a higher one is refused. */
const SCHEMA_VERSION = 1

/** Written to `application_id`, so that another program's database is never taken for a task store ("tmqs"). */
const APPLICATION_ID = 0x746d7173

/**
 * `tasks` is the hot row, rewritten by every change, so it is small; what never changes and what only a reader
 * of one task wants is kept apart. `n` counts the tasks as they are made.
 */
const SCHEMA = `
CREATE TABLE tasks (
  n INTEGER PRIMARY KEY,
  task_id TEXT NOT NULL UNIQUE,
  seq INTEGER NOT NULL,
  state TEXT NOT NULL,
  fence INTEGER NOT NULL,
  tool TEXT NOT NULL,
  principal TEXT NOT NULL,
  idempotency_key TEXT,
  run_at INTEGER,
  queued_at INTEGER,
  ended_at INTEGER,
  attempts TEXT NOT NULL,
  error TEXT,
  outcome_cid TEXT
) STRICT;
CREATE INDEX tasks_by_state ON tasks (state);
CREATE INDEX tasks_by_tool ON tasks (tool);
CREATE INDEX tasks_by_principal ON tasks (principal);
CREATE INDEX tasks_by_end ON tasks (ended_at) WHERE ended_at IS NOT NULL;
CREATE UNIQUE INDEX tasks_by_key ON tasks (principal, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE TABLE requests (n INTEGER PRIMARY KEY, spec TEXT NOT NULL, params TEXT NOT NULL) STRICT;
CREATE TABLE results (n INTEGER PRIMARY KEY, result TEXT NOT NULL) STRICT;
CREATE TABLE sequence (id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL) STRICT;
INSERT INTO sequence VALUES (1, 0);
PRAGMA application_id = ${APPLICATION_ID};
PRAGMA user_version = ${SCHEMA_VERSION};
`

const Pragma = z.object({ application_id: z.number().optional(), user_version: z.number().optional() })

/** Makes the tables in a new file; throws StoreFormatError for a file of a newer version or another program. */
export function prepareSchema(db: DatabaseSync, path: string): void {
  const { user_version: version = 0 } = Pragma.parse(db.prepare('PRAGMA user_version').get())
  const { application_id: application = 0 } = Pragma.parse(db.prepare('PRAGMA application_id').get())
  const tables = db.prepare('SELECT name FROM sqlite_schema LIMIT 1').all().length
  if (tables > 0 && application !== APPLICATION_ID)
    throw new StoreFormatError(path, 'not a task store', 'its own files')
  if (version > SCHEMA_VERSION) {
    throw new StoreFormatError(path, `schema version ${version}`, `versions up to ${SCHEMA_VERSION}`)
  }
  if (version === 0) db.exec(`BEGIN; ${SCHEMA} COMMIT;`)
}
