import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import type { Body } from '../../../shared/queue/states/commands.ts'
import { dueAt } from '../../../shared/queue/states/states.ts'
import type { KeyedTask, WaitingTask } from '../../../shared/queue/store/store.ts'
import { type TaskHead, TERMINAL_STATES } from '../../../shared/queue/task.ts'
import type { LaneEntry } from './lane-register.ts'
import {
  attemptsToText,
  type NumberedTask,
  STATE_CODES,
  specOf,
  TASK_COLUMNS,
  taskFromRow,
} from './stored-task.ts'
import { TwoGenerations } from './two-generations.ts'

/** Sorts behind whatever follows a prefix of ASCII. */
const BEHIND_ASCII = '\u{10ffff}'

const Keyed = z.object({ key: z.string(), task_id: z.string() })

/** A task as its commands find it. */
export interface TaskRow extends NumberedTask {
  /** Where it waits now. */
  lane: LaneEntry | undefined
  /** Its params, where they are at hand. */
  params?: Body
}

/** Tasks kept parsed, so that a lease and an outcome need no read: a few kilobytes each at most. */
const CACHED_TASKS = 8_192
/** Characters of params kept with a cached task. */
const CACHED_PARAMS = 512

/** The rows of tasks. What writes them is part of the caller's transaction. */
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
    const row = this.#statements.readTask.get(taskId)
    if (row === undefined) return undefined
    const { n, head } = taskFromRow(row)
    const found: TaskRow = { n, head, lane: this.#laneOf(head) }
    if (!TERMINAL_STATES.has(head.state)) this.#cache.set(taskId, found)
    return found
  }

  holderOf(principal: string, idempotencyKey: string): TaskHead | undefined {
    const row = this.#statements.readByKey.get(principal, idempotencyKey)
    return row === undefined ? undefined : taskFromRow(row).head
  }

  /** @param params what stands in the task's request */
  insert(row: TaskRow, laneId: number | null, params: string): void {
    const { n, head } = row
    const { task_id, fence, tool, principal, idempotency_key = null, created_at, seq } = head
    this.#statements.insertTask.run(
      n,
      task_id,
      fence,
      tool,
      principal,
      idempotency_key,
      created_at,
      seq,
      ...changing(head, laneId),
    )
    this.#statements.insertRequest.run(n, specOf(head), params)
    if (!TERMINAL_STATES.has(head.state)) this.#remember(row)
  }

  update(row: TaskRow, laneId: number | null): void {
    const { n, head } = row
    this.#statements.updateTask.run(head.fence, head.seq, ...changing(head, laneId), n)
    if (TERMINAL_STATES.has(head.state)) this.#cache.delete(head.task_id)
    else this.#remember(row)
  }

  /** After a change of what seldom changes. */
  rewriteSpec({ n, head }: TaskRow): void {
    this.#statements.writeSpec.run(specOf(head), n)
  }

  /**
   * Those that wait in the lane by their rows and by `isCurrent`, behind `after`, at most `limit`. Whoever asks will
   * lease them soon: they are read whole at once, and kept at hand.
   */
  waiting(
    lane: LaneEntry,
    after: number,
    limit: number,
    isCurrent: (taskId: string) => boolean,
  ): WaitingTask[] {
    const found: WaitingTask[] = []
    for (let from = after; found.length < limit; ) {
      const rows = this.#statements.readWaiting.all(lane.id, from, limit - found.length)
      for (const row of rows) {
        const { n, head } = taskFromRow(row)
        from = n
        if (!isCurrent(head.task_id)) continue
        const { params } = row
        if (this.#cache.get(head.task_id) === undefined)
          this.#cache.set(
            head.task_id,
            typeof params === 'string' ? { n, head, lane, params } : { n, head, lane },
          )
        found.push({ task_id: head.task_id, order: n, queued_at: head.queued_at ?? head.created_at })
      }
      if (rows.length === 0) break
    }
    return found
  }

  /** Those that have not ended by their rows and by `isCurrent`, whose key begins with `prefix` and is behind `after`. */
  openByKey(
    { principal, prefix, after, limit }: { principal: string; prefix: string; after: string; limit: number },
    isCurrent: (taskId: string) => boolean,
  ): KeyedTask[] {
    const found: KeyedTask[] = []
    const rows = this.#statements.readOpenByKey.iterate(principal, prefix, `${prefix}${BEHIND_ASCII}`, after)
    for (const row of rows) {
      const { key, task_id } = Keyed.parse(row)
      if (isCurrent(task_id)) found.push({ key, task_id })
      if (found.length >= limit) break
    }
    return found
  }

  #remember({ n, head, lane, params }: TaskRow): void {
    const isSmall = typeof params === 'string' && params.length <= CACHED_PARAMS
    this.#cache.set(head.task_id, isSmall ? { n, head, lane, params } : { n, head, lane })
  }
}

/** What a change may change, as it stands in the columns of the same names. */
function changing(head: TaskHead, laneId: number | null) {
  const state = STATE_CODES[head.state]
  const { run_at = null, queued_at = null, ended_at = null, attempts, error } = head
  return [
    state,
    // A running task stands with the queued ones.
    head.state === 'running' ? STATE_CODES.queued : state,
    laneId,
    run_at,
    queued_at,
    dueAt(head) ?? null,
    ended_at,
    attemptsToText(attempts),
    error === undefined ? null : JSON.stringify(error),
  ] as const
}

function prepareStatements(db: DatabaseSync) {
  const from = 'FROM tasks t JOIN requests r ON r.n = t.n'
  return {
    insertTask: db.prepare(
      `INSERT INTO tasks (n, task_id, fence, tool, principal, idempotency_key, created_at, seq, state, shelf, lane,
       run_at, queued_at, due_at, ended_at, attempts, error)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    insertRequest: db.prepare('INSERT INTO requests VALUES (?, ?, ?)'),
    updateTask: db.prepare(
      `UPDATE tasks SET fence = ?, seq = ?, state = ?, shelf = ?, lane = ?, run_at = ?, queued_at = ?, due_at = ?,
       ended_at = ?, attempts = ?, error = ? WHERE n = ?`,
    ),
    writeSpec: db.prepare('UPDATE requests SET spec = ? WHERE n = ?'),
    readTask: db.prepare(`SELECT ${TASK_COLUMNS} ${from} WHERE t.task_id = ?`),
    readByKey: db.prepare(`SELECT ${TASK_COLUMNS} ${from} WHERE t.principal = ? AND t.idempotency_key = ?`),
    readOpenByKey: db.prepare(
      `SELECT idempotency_key AS key, task_id FROM tasks WHERE principal = ?1 AND idempotency_key > ?4
       AND idempotency_key >= ?2 AND idempotency_key < ?3 AND state <= ${STATE_CODES.running}
       ORDER BY idempotency_key`,
    ),
    readWaiting: db.prepare(
      `SELECT ${TASK_COLUMNS}, CASE WHEN length(r.params) BETWEEN 1 AND ${CACHED_PARAMS} THEN r.params END AS params
       ${from} WHERE t.lane = ? AND t.n > ? ORDER BY t.n LIMIT ?`,
    ),
  }
}
