import type { DatabaseSync } from 'node:sqlite'
import type { JsonText } from '../../../shared/queue/states/commands.ts'
import { dueAt } from '../../../shared/queue/states/states.ts'
import type { WaitingTask } from '../../../shared/queue/store/store.ts'
import { type TaskHead, TERMINAL_STATES } from '../../../shared/queue/task.ts'
import type { LaneEntry } from './lane-register.ts'
import { type NumberedTask, STATE_CODES, specOf, TASK_COLUMNS, taskFromRow } from './stored-task.ts'
import { TwoGenerations } from './two-generations.ts'

/** A task as its commands find it. */
export interface TaskRow extends NumberedTask {
  /** Where it waits now. */
  lane: LaneEntry | undefined
  /** Its params, where they are small enough to be kept at hand. */
  params?: JsonText
}

/** Tasks kept parsed, so that a lease and an outcome need no read: a few kilobytes each at most. */
const CACHED_TASKS = 8_192
/** Characters of params kept with a cached task. */
const CACHED_PARAMS = 512

/** The rows of tasks: what commands read and write. All of it is part of the caller's transaction. */
export class TaskTable {
  readonly #statements: ReturnType<typeof prepareStatements>
  readonly #laneOf: (head: TaskHead) => LaneEntry | undefined
  readonly #cache = new TwoGenerations<TaskRow>(CACHED_TASKS)

  /** @param laneOf the entry of the lane in which a task waits */
  constructor(db: DatabaseSync, laneOf: (head: TaskHead) => LaneEntry | undefined) {
    this.#statements = prepareStatements(db)
    this.#laneOf = laneOf
  }

  find(taskId: string): TaskRow | undefined {
    const cached = this.#cache.get(taskId)
    if (cached !== undefined) return cached
    return this.#adopt(this.#statements.readTask.get(taskId))
  }

  holderOf(principal: string, idempotencyKey: string): TaskHead | undefined {
    const row = this.#statements.readByKey.get(principal, idempotencyKey)
    return row === undefined ? undefined : taskFromRow(row).head
  }

  insert(row: TaskRow, params: string): void {
    const { n, head, lane } = row
    this.#statements.insertTask.run(
      n,
      head.task_id,
      head.seq,
      STATE_CODES[head.state],
      shelfOf(head),
      head.fence,
      head.tool,
      head.principal,
      head.idempotency_key ?? null,
      head.created_at,
      lane?.id ?? null,
      head.run_at ?? null,
      head.queued_at ?? null,
      dueAt(head) ?? null,
      '[]',
    )
    this.#statements.insertRequest.run(n, specOf(head), params)
    if (params !== '' && params.length <= CACHED_PARAMS) row.params = params
    this.#remember(row)
  }

  update(before: TaskRow, head: TaskHead, lane: LaneEntry | undefined): void {
    const { n } = before
    const attempts = JSON.stringify(head.attempts)
    const lanePlace = lane?.id ?? null
    const [runAt, queuedAt, due] = [head.run_at ?? null, head.queued_at ?? null, dueAt(head) ?? null]
    const state = STATE_CODES[head.state]
    if (shelfOf(head) === shelfOf(before.head)) {
      this.#statements.changeTask.run(
        head.seq,
        state,
        head.fence,
        lanePlace,
        runAt,
        queuedAt,
        due,
        attempts,
        n,
      )
    } else {
      const error = head.error === undefined ? null : JSON.stringify(head.error)
      this.#statements.moveTask.run(
        head.seq,
        state,
        shelfOf(head),
        head.fence,
        lanePlace,
        runAt,
        queuedAt,
        due,
        head.ended_at ?? null,
        attempts,
        error,
        n,
      )
    }
    if (TERMINAL_STATES.has(head.state)) this.#cache.delete(head.task_id)
    else
      this.#remember(
        before.params === undefined ? { n, head, lane } : { n, head, lane, params: before.params },
      )
  }

  /** After a change of what seldom changes. */
  rewriteSpec({ n }: TaskRow, head: TaskHead): void {
    this.#statements.writeSpec.run(specOf(head), n)
  }

  /** Whoever asks will lease them soon: they are read whole at once, and kept at hand. */
  waiting(lane: LaneEntry, after: number, limit: number): WaitingTask[] {
    return this.#statements.readWaiting.all(lane.id, after, limit).map(row => {
      const { n, head } = taskFromRow(row)
      const { params } = row
      if (this.#cache.get(head.task_id) === undefined)
        this.#remember(typeof params === 'string' ? { n, head, lane, params } : { n, head, lane })
      return { task_id: head.task_id, order: n, queued_at: head.queued_at ?? head.created_at }
    })
  }

  #adopt(row: unknown): TaskRow | undefined {
    if (row === undefined) return undefined
    const { n, head } = taskFromRow(row)
    const found: TaskRow = { n, head, lane: this.#laneOf(head) }
    if (!TERMINAL_STATES.has(head.state)) this.#remember(found)
    return found
  }

  #remember(row: TaskRow): void {
    this.#cache.set(row.head.task_id, row)
  }
}

/** A running task stands with the queued ones. */
function shelfOf({ state }: TaskHead): number {
  return state === 'running' ? STATE_CODES.queued : STATE_CODES[state]
}

function prepareStatements(db: DatabaseSync) {
  const from = 'FROM tasks t JOIN requests r ON r.n = t.n'
  return {
    insertTask: db.prepare(
      `INSERT INTO tasks (n, task_id, seq, state, shelf, fence, tool, principal, idempotency_key, created_at, lane,
       run_at, queued_at, due_at, attempts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    insertRequest: db.prepare('INSERT INTO requests VALUES (?, ?, ?)'),
    changeTask: db.prepare(
      `UPDATE tasks SET seq = ?, state = ?, fence = ?, lane = ?, run_at = ?, queued_at = ?, due_at = ?, attempts = ?
       WHERE n = ?`,
    ),
    moveTask: db.prepare(
      `UPDATE tasks SET seq = ?, state = ?, shelf = ?, fence = ?, lane = ?, run_at = ?, queued_at = ?, due_at = ?,
       ended_at = ?, attempts = ?, error = ? WHERE n = ?`,
    ),
    writeSpec: db.prepare('UPDATE requests SET spec = ? WHERE n = ?'),
    readTask: db.prepare(`SELECT ${TASK_COLUMNS} ${from} WHERE t.task_id = ?`),
    readByKey: db.prepare(`SELECT ${TASK_COLUMNS} ${from} WHERE t.principal = ? AND t.idempotency_key = ?`),
    readWaiting: db.prepare(
      `SELECT ${TASK_COLUMNS}, CASE WHEN length(r.params) BETWEEN 1 AND ${CACHED_PARAMS} THEN r.params END AS params
       ${from} WHERE t.lane = ? AND t.n > ? ORDER BY t.n LIMIT ?`,
    ),
  }
}
