import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import { StoreFormatError } from '../../../shared/queue/errors.ts'
import { migrateFirstSchema } from './queue-migration.ts'

/** Written to `user_version`; a file with a higher one is refused. */
const SCHEMA_VERSION = 3

/** Written to `application_id`, so that another program's database is never taken for a task store ("tmqs"). */
const APPLICATION_ID = 0x746d7173

/**
 * `tasks` is the hot row, so it is small; what seldom changes and what only a reader of one
 * task wants is kept apart, and costs nothing where a task has none of it. `n` counts the tasks as they are made.
 *
 * `state` is the place of the state in TASK_STATES. `shelf` is what lists go by: the state, but that a running task
 * stands with the queued ones, so that a lease rewrites no index of lists. `lane` is set while the task waits in it,
 * `due_at` while time will change it.
 */
const TASKS = `
CREATE TABLE tasks (
  n INTEGER PRIMARY KEY,
  task_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  state INTEGER NOT NULL,
  shelf INTEGER NOT NULL,
  fence INTEGER NOT NULL,
  tool TEXT NOT NULL,
  principal TEXT NOT NULL,
  idempotency_key TEXT,
  created_at INTEGER NOT NULL,
  lane INTEGER,
  run_at INTEGER,
  queued_at INTEGER,
  due_at INTEGER,
  ended_at INTEGER,
  attempts TEXT NOT NULL,
  error TEXT
) STRICT;
`

const INDEXES = `
CREATE UNIQUE INDEX tasks_by_id ON tasks (task_id);
CREATE UNIQUE INDEX tasks_by_key ON tasks (principal, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX tasks_by_tool ON tasks (shelf, tool);
CREATE INDEX tasks_by_principal ON tasks (shelf, principal);
CREATE INDEX tasks_by_end ON tasks (shelf, ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX tasks_by_lane ON tasks (lane) WHERE lane IS NOT NULL;
CREATE INDEX tasks_by_due ON tasks (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX tasks_running ON tasks (state) WHERE state = 2;
`

/** A blob's `slot` is 0 for params (then `requests.params` is empty), 1 for the result. */
const BODIES = `
CREATE TABLE requests (n INTEGER PRIMARY KEY, spec TEXT NOT NULL, params TEXT NOT NULL) STRICT;
CREATE TABLE results (n INTEGER PRIMARY KEY, result TEXT NOT NULL) STRICT;
`

/**
 * `made_in` says which tasks were made in a minute or a second (`span`, milliseconds), `journal` holds many changes in a
 * row. `counters` is one row; it and the journal are as of the last checkpoint, and `redo` has what followed.
 */
const BESIDE = `
CREATE TABLE lanes (id INTEGER PRIMARY KEY, key TEXT NOT NULL) STRICT;
CREATE TABLE labels (label TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (label, n)) STRICT, WITHOUT ROWID;
CREATE INDEX labels_by_task ON labels (n);
CREATE TABLE blobs (n INTEGER NOT NULL, slot INTEGER NOT NULL, cid TEXT NOT NULL, size INTEGER NOT NULL,
  PRIMARY KEY (n, slot)) STRICT, WITHOUT ROWID;
CREATE INDEX blobs_by_cid ON blobs (cid);
CREATE TABLE logs (n INTEGER NOT NULL, fence INTEGER NOT NULL, lines TEXT NOT NULL,
  PRIMARY KEY (n, fence)) STRICT, WITHOUT ROWID;
CREATE TABLE made_in (span INTEGER NOT NULL, slot INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
  PRIMARY KEY (span, slot)) STRICT, WITHOUT ROWID;
CREATE INDEX made_in_by_last ON made_in (last);
CREATE TABLE journal (last_seq INTEGER PRIMARY KEY, first_seq INTEGER NOT NULL, at INTEGER NOT NULL,
  changes TEXT NOT NULL) STRICT;
CREATE TABLE records (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE counters (id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL, made INTEGER NOT NULL,
  by_state TEXT NOT NULL, checks INTEGER NOT NULL) STRICT;
INSERT INTO counters VALUES (1, 0, 0, '[0,0,0,0,0,0,0]', 0);
`

/** The commands of the latest transactions, with the counters before each: see `RedoLog`. */
const REDO = `
CREATE TABLE redo (id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, made INTEGER NOT NULL, refused TEXT NOT NULL,
  commands TEXT NOT NULL) STRICT;
`

const MARKS = `PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION};`

const Pragma = z.object({ application_id: z.number().optional(), user_version: z.number().optional() })

/**
 * Makes the tables in a new file, or brings those of an older version to this one, as one transaction. Throws
 * StoreFormatError for a file of a newer version or another program.
 */
export function prepareSchema(db: DatabaseSync, path: string): void {
  const { user_version: version = 0 } = Pragma.parse(db.prepare('PRAGMA user_version').get())
  const { application_id: application = 0 } = Pragma.parse(db.prepare('PRAGMA application_id').get())
  const tables = db.prepare('SELECT name FROM sqlite_schema LIMIT 1').all().length
  if (tables > 0 && application !== APPLICATION_ID)
    throw new StoreFormatError(path, 'not a task store', 'its own files')
  if (version > SCHEMA_VERSION) {
    throw new StoreFormatError(path, `schema version ${version}`, `versions up to ${SCHEMA_VERSION}`)
  }
  if (version === SCHEMA_VERSION) return
  db.exec('BEGIN')
  if (version === 0) db.exec(TASKS + BODIES + INDEXES + BESIDE)
  if (version === 1) migrateFirstSchema(db, { tasks: TASKS, indexes: INDEXES + BESIDE })
  db.exec(REDO + MARKS)
  db.exec('COMMIT')
}
