import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import { StoreFormatError } from '../../../shared/queue/errors.ts'

/** Of the tables below, which share a file with those of tasks and have a version of their own. */
const SCHEMA_VERSION = 1

/**
 * `workflows` is what appends rewrite, so it is small, and `workflow_origins` what never changes of them. `n` counts the workflows as
 * they came; `content` is what their events, bodies and requests stand under: `n`, or a number below 0 of what came
 * from another store in pages (`workflow_adoptions`, `done` when all of them have come).
 *
 * `state` is the place of the state in WORKFLOW_STATES, `shelf` what lists go by: the same, but that waiting workflows
 * stand with the running ones, so that only an end rewrites an index. `owner` is empty where nobody has it.
 */
const WORKFLOWS = `
CREATE TABLE workflows (
  n INTEGER PRIMARY KEY,
  content INTEGER NOT NULL,
  workflow_id TEXT NOT NULL,
  name TEXT NOT NULL,
  principal TEXT NOT NULL,
  parent TEXT,
  idempotency_key TEXT,
  state INTEGER NOT NULL,
  shelf INTEGER NOT NULL,
  owner TEXT NOT NULL,
  fence INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  ended_at INTEGER,
  moved_to TEXT,
  progress TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX workflows_by_id ON workflows (workflow_id);
CREATE UNIQUE INDEX workflows_by_key ON workflows (principal, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX workflows_open ON workflows (owner, workflow_id) WHERE ended_at IS NULL;
CREATE INDEX workflows_ended ON workflows (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX workflows_outermost ON workflows (n) WHERE parent IS NULL;
CREATE INDEX workflows_by_shelf ON workflows (shelf, n) WHERE parent IS NULL;
CREATE INDEX workflows_by_name ON workflows (name, n) WHERE parent IS NULL;
CREATE INDEX workflows_by_principal ON workflows (principal, n) WHERE parent IS NULL;
CREATE INDEX workflows_by_parent ON workflows (parent, n) WHERE parent IS NOT NULL;
CREATE TABLE workflow_origins (n INTEGER PRIMARY KEY, origin TEXT NOT NULL) STRICT;
`

/** A row of events is what one append brought. A body is a text or a blob (`body` is empty then). */
const CONTENTS = `
CREATE TABLE workflow_events (id INTEGER PRIMARY KEY, content INTEGER NOT NULL, last_seq INTEGER NOT NULL,
  events TEXT NOT NULL) STRICT;
CREATE UNIQUE INDEX workflow_events_in_order ON workflow_events (content, last_seq);
CREATE TABLE workflow_bodies (id INTEGER PRIMARY KEY, content INTEGER NOT NULL, kind INTEGER NOT NULL,
  name TEXT NOT NULL, number INTEGER NOT NULL, item INTEGER NOT NULL, body TEXT NOT NULL, cid TEXT, size INTEGER) STRICT;
CREATE UNIQUE INDEX workflow_bodies_by_key ON workflow_bodies (content, kind, name, number, item);
CREATE INDEX workflow_bodies_by_cid ON workflow_bodies (cid) WHERE cid IS NOT NULL;
CREATE TABLE workflow_requests (id INTEGER PRIMARY KEY AUTOINCREMENT, content INTEGER NOT NULL,
  request TEXT NOT NULL, body TEXT, cid TEXT, size INTEGER) STRICT;
CREATE INDEX workflow_requests_in_order ON workflow_requests (content, id);
CREATE INDEX workflow_requests_by_cid ON workflow_requests (cid) WHERE cid IS NOT NULL;
CREATE TABLE workflow_adoptions (content INTEGER PRIMARY KEY, done INTEGER NOT NULL) STRICT;
`

const DEFINITIONS = `
CREATE TABLE workflow_definitions (id INTEGER PRIMARY KEY, name TEXT NOT NULL, version TEXT NOT NULL,
  definition_cid TEXT NOT NULL, principal TEXT NOT NULL, created_at INTEGER NOT NULL, definition TEXT NOT NULL) STRICT;
CREATE UNIQUE INDEX workflow_definitions_by_version ON workflow_definitions (name, version);
CREATE INDEX workflow_definitions_by_name ON workflow_definitions (name, id);
`

const MARK = `CREATE TABLE workflow_schema (version INTEGER NOT NULL) STRICT;
INSERT INTO workflow_schema VALUES (${SCHEMA_VERSION});`

const Version = z.object({ version: z.int() })

/** Makes the tables of workflows where there are none, as one transaction. Throws StoreFormatError for those of a newer version. */
export function prepareWorkflowSchema(db: DatabaseSync, path: string): void {
  const isThere = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'workflow_schema'").get() !== undefined
  if (isThere) {
    const { version } = Version.parse(db.prepare('SELECT version FROM workflow_schema').get())
    if (version > SCHEMA_VERSION)
      throw new StoreFormatError(
        path,
        `workflow schema version ${version}`,
        `versions up to ${SCHEMA_VERSION}`,
      )
    return
  }
  db.exec(`BEGIN; ${WORKFLOWS} ${CONTENTS} ${DEFINITIONS} ${MARK} COMMIT`)
}
