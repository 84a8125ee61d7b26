import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import { waitingLane } from '../../../shared/queue/states/lane.ts'
import { dueAt } from '../../../shared/queue/states/states.ts'
import { TASK_STATES } from '../../../shared/queue/task.ts'
import { TASK_COLUMNS, taskFromRow } from './stored-task.ts'
import { TaskLabels } from './task-labels.ts'

/** SQL of the second schema, in the order in which it is run. */
export interface SecondSchema {
  tasks: string
  indexes: string
}

const Count = z.object({ state: z.int(), tasks: z.int() })
const READ = 1_000

/**
 * Makes a file of schema 1 one of schema 2; part of the caller's transaction. Schema 1 had the state as text, the time
 * of creation inside the spec, and no lanes, due times, labels or journal. Requests and results are as they were.
 * What an attempt's outcome was known by is kept: a repeat of it must still be refused.
 */
export function migrateFirstSchema(db: DatabaseSync, { tasks, indexes }: SecondSchema): void {
  db.exec('ALTER TABLE tasks RENAME TO tasks_1')
  db.exec(tasks)
  const code = `CASE state ${TASK_STATES.map((state, place) => `WHEN '${state}' THEN ${place}`).join(' ')} END`
  const shelf = code.replace("'running' THEN 2", "'running' THEN 1")
  db.exec(`INSERT INTO tasks SELECT t.n, task_id, seq, ${code}, ${shelf}, fence, tool, principal, idempotency_key,
    r.spec ->> '$.created_at', NULL, run_at, queued_at, NULL, ended_at,
    replace(attempts, '"outcome_cid":', '"outcome_mark":'), error
    FROM tasks_1 t JOIN requests r ON r.n = t.n`)
  db.exec('DROP TABLE tasks_1')
  db.exec(indexes)
  db.exec(
    'UPDATE counters SET seq = (SELECT seq FROM sequence), made = coalesce((SELECT max(n) FROM tasks), 0)',
  )
  db.exec('DROP TABLE sequence')
  for (const span of [1_000, 60_000]) {
    db.exec(`INSERT INTO made_in SELECT ${span}, created_at / ${span}, min(n), max(n) FROM tasks GROUP BY 2`)
  }
  countStates(db)
  placeTasks(db)
}

function countStates(db: DatabaseSync): void {
  const byState = TASK_STATES.map(() => 0)
  for (const row of db.prepare('SELECT state, count(*) AS tasks FROM tasks GROUP BY state').all()) {
    const { state, tasks } = Count.parse(row)
    byState[state] = tasks
  }
  db.prepare('UPDATE counters SET by_state = ?').run(JSON.stringify(byState))
}

/** Lanes, due times and labels, from the task as a whole. */
function placeTasks(db: DatabaseSync): void {
  const read = db.prepare(
    `SELECT ${TASK_COLUMNS} FROM tasks t JOIN requests r ON r.n = t.n WHERE t.n > ? AND
     (t.ended_at IS NULL OR r.spec ->> '$.labels' <> '{}') ORDER BY t.n LIMIT ?`,
  )
  const place = db.prepare('UPDATE tasks SET lane = ?, due_at = ? WHERE n = ?')
  const insertLane = db.prepare('INSERT INTO lanes VALUES (?, ?)')
  const labels = new TaskLabels(db)
  const lanes = new Map<string, number>()
  const laneId = (key: string): number => {
    const id = lanes.get(key) ?? lanes.size + 1
    if (id > lanes.size) insertLane.run(id, key)
    lanes.set(key, id)
    return id
  }
  for (let after = 0; ; ) {
    const rows = read.all(after, READ).map(taskFromRow)
    for (const { n, head } of rows) {
      const lane = waitingLane(head)
      place.run(lane === undefined ? null : laneId(lane), dueAt(head) ?? null, n)
      labels.insert(n, head.labels)
      after = n
    }
    if (rows.length < READ) return
  }
}
