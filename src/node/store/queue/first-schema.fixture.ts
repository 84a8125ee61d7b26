import { DatabaseSync } from 'node:sqlite'
import { AT } from '../../../shared/queue/states/commands.fixture.ts'

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
INSERT INTO sequence VALUES (1, 8);
PRAGMA application_id = ${0x746d7173};
PRAGMA user_version = 1;
`

/** Makes a file as the first version of the task store wrote it, with a task in every stage of its life. */
export function makeFirstSchemaFile(path: string): void {
  const db = new DatabaseSync(path)
  db.exec('PRAGMA journal_mode = WAL')
  db.exec(SCHEMA)
  const insertTask = db.prepare('INSERT INTO tasks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
  const insertRequest = db.prepare('INSERT INTO requests VALUES (?, ?, ?)')
  const attempt = { number: 1, fence: 1, peer_id: 'p1', instance_id: 'i1', started_at: AT }
  const spec = {
    code_cid: 'code',
    repeat: 'pure',
    priority: 5,
    requires: [],
    any_build: false,
    attempt_timeout_ms: 1_000,
    retry: { max_attempts: 3, base_delay_ms: 100, max_delay_ms: 1_000, always: false },
    labels: {},
    metadata: {},
    created_at: AT,
  }
  const made: [string, string, number, object, number | null, number | null, number | null, object[]][] = [
    ['queued', 'queued', 0, { labels: { a: 'b' }, queue_timeout_ms: 50 }, null, AT, null, []],
    ['held', 'queued', 1, {}, AT + 70, AT, null, [{ ...attempt, state: 'lost', ended_at: AT }]],
    ['scheduled', 'scheduled', 0, {}, AT + 90, null, null, []],
    ['running', 'running', 1, {}, null, AT, null, [{ ...attempt, state: 'running' }]],
    [
      'done',
      'succeeded',
      1,
      { request_cid: 'c' },
      null,
      AT,
      AT + 3,
      [{ ...attempt, state: 'succeeded', ended_at: AT }],
    ],
  ]
  made.forEach(([id, state, fence, more, runAt, queuedAt, endedAt, attempts], index) => {
    const key = id === 'done' ? 'k' : null
    const past = [runAt, queuedAt, endedAt, JSON.stringify(attempts), null, id === 'done' ? 'cid' : null]
    insertTask.run(index + 1, id, index + 1, state, fence, 'work', 'alice', key, ...past)
    insertRequest.run(index + 1, JSON.stringify({ ...spec, ...more }), '{"n":1}')
  })
  db.exec(`INSERT INTO results VALUES (5, '{"m":2}')`)
  db.close()
}
