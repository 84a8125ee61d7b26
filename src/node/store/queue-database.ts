import { chmodSync, closeSync, openSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { z } from 'zod'
import { InvalidInputError } from '../../shared/errors.ts'
import { changedReply } from '../../shared/queue/changed-reply.ts'
import { type Command, inlineOf, type JsonText, type Reply } from '../../shared/queue/commands.ts'
import { isWaiting, laneKey } from '../../shared/queue/lane.ts'
import { decide } from '../../shared/queue/states.ts'
import type { TaskFilter, TaskPage } from '../../shared/queue/store.ts'
import { TASK_STATES, type TaskHead, type TaskState, TERMINAL_STATES } from '../../shared/queue/task.ts'
import { prepareSchema } from './queue-schema.ts'
import { openingError, workingError } from './sqlite-errors.ts'
import { type StoredTask, specOf, TASK_COLUMNS, taskFromRow } from './stored-task.ts'

export interface QueueDatabaseOptions {
  /** The file; made when it is not there. */
  path: string
  /** `full`: every commit is on the disk. `normal`: a power cut may take the last ones, a crash of the process none. */
  synchronous: 'full' | 'normal'
}

/** A task's bodies as they are stored. */
export interface StoredBodies {
  head: TaskHead
  params: JsonText
  result?: JsonText
}

/** Live tasks kept parsed, so that a lease and an outcome need no read: a few kilobytes each at most. */
const CACHED_TASKS = 20_000

/** Pages of the log before it is copied into the file: 32 MiB, as a copy's fsyncs cost as much as many commits. */
const CHECKPOINT_PAGES = 8_192

const LIVE_PAGE = 1_000

const Sequence = z.object({ seq: z.int() })
const Count = z.object({ state: z.string(), tasks: z.int() })
const Ended = z.object({ n: z.int(), state: z.enum(TASK_STATES) })
const Params = z.object({ params: z.string() })
const Bodies = z.object({ params: z.string(), result: z.string().nullable() })

/**
 * The task store's file, by `node:sqlite`: synchronous, so it lives in a thread of its own. It holds the file alone
 * (`locking_mode=EXCLUSIVE`), therefore what it has in memory is what is in the file.
 */
export class QueueDatabase {
  readonly #db: DatabaseSync
  readonly #statements: ReturnType<typeof prepareStatements>
  readonly #queries = new Map<string, StatementSync>()
  readonly #cache = new Map<string, StoredTask>()
  #seq: number
  #counts: Record<TaskState, number>

  /** Throws `conflict` (in use, or a file that this version cannot read) or `unavailable`. */
  constructor({ path, synchronous }: QueueDatabaseOptions) {
    try {
      makePrivate(path)
      this.#db = new DatabaseSync(path, { timeout: 0 })
      // Exclusive from the first access on, so that no second process works on the same tasks.
      this.#db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; BEGIN EXCLUSIVE; COMMIT;')
      this.#db.exec(`PRAGMA synchronous = ${synchronous === 'full' ? 'FULL' : 'NORMAL'}`)
      this.#db.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA cache_size = -16000`)
      prepareSchema(this.#db, path)
      this.#statements = prepareStatements(this.#db)
      this.#seq = Sequence.parse(this.#statements.readSeq.get()).seq
      this.#counts = this.#readCounts()
    } catch (error) {
      throw openingError(error, path)
    }
  }

  /** All commands in one transaction; throws `unavailable` when none was kept. */
  apply(commands: readonly Command[]): Reply[] {
    const { begin, commit, rollback, writeSeq } = this.#statements
    const before = { seq: this.#seq, counts: { ...this.#counts } }
    try {
      begin.run()
      const replies = commands.map(command => this.#applyOne(command))
      if (this.#seq !== before.seq) writeSeq.run(this.#seq)
      commit.run()
      return replies
    } catch (error) {
      this.#cache.clear()
      this.#seq = before.seq
      this.#counts = before.counts
      if (this.#db.isTransaction) rollback.run()
      throw workingError(error)
    }
  }

  get(taskId: string): StoredBodies | undefined {
    const row = this.#statements.readBodies.get(taskId)
    if (row === undefined) return undefined
    const { params, result } = Bodies.parse(row)
    return { head: taskFromRow(row).head, params, ...(result === null ? {} : { result }) }
  }

  list({ states, tool, principal, cursor, limit, order }: TaskFilter): TaskPage {
    const newest = order === 'newest'
    const conditions: string[] = []
    const values: SQLInputValue[] = []
    const where = (condition: string, value: SQLInputValue) => {
      conditions.push(condition)
      values.push(value)
    }
    if (tool !== undefined) where('t.tool = ?', tool)
    if (principal !== undefined) where('t.principal = ?', principal)
    if (cursor !== undefined) where(newest ? 't.n < ?' : 't.n > ?', parseCursor(cursor))
    // A query for each state reads its index in order; one for all of them would sort every match.
    const byState = states === undefined ? [undefined] : states
    const rows = byState.flatMap(state => {
      const all = state === undefined ? conditions : [...conditions, 't.state = ?']
      const filter = all.length === 0 ? '' : `WHERE ${all.join(' AND ')}`
      const sql = `SELECT ${TASK_COLUMNS} FROM tasks t JOIN requests r ON r.n = t.n ${filter}
        ORDER BY t.n ${newest ? 'DESC' : 'ASC'} LIMIT ?`
      return this.#query(sql).all(...values, ...(state === undefined ? [] : [state]), limit + 1)
    })
    const found = rows.map(taskFromRow).sort((a, b) => (newest ? b.n - a.n : a.n - b.n))
    const page = found.slice(0, limit)
    const last = page.at(-1)
    return {
      tasks: page.map(({ head }) => head),
      ...(last !== undefined && found.length > limit ? { next_cursor: String(last.n) } : {}),
    }
  }

  counts(): Record<TaskState, number> {
    return { ...this.#counts }
  }

  /** The next page of tasks that have not ended, made after the task numbered `after`. */
  live(after: number): { tasks: TaskHead[]; last: number | undefined } {
    const found = this.#statements.readLive.all(after, LIVE_PAGE).map(taskFromRow)
    const last = found.length < LIVE_PAGE ? undefined : found.at(-1)?.n
    return { tasks: found.map(({ head }) => head), last }
  }

  prune(endedBefore: number, max: number): number {
    const { begin, commit, rollback, readEnded, dropTask, dropRequest, dropResult } = this.#statements
    const before = { ...this.#counts }
    try {
      begin.run()
      const rows = readEnded.all(endedBefore, max)
      for (const row of rows) {
        const { n, state } = Ended.parse(row)
        for (const drop of [dropTask, dropRequest, dropResult]) drop.run(n)
        this.#counts[state] -= 1
      }
      commit.run()
      return rows.length
    } catch (error) {
      this.#counts = before
      if (this.#db.isTransaction) rollback.run()
      throw workingError(error)
    }
  }

  close(): void {
    this.#db.close()
  }

  #applyOne(command: Command): Reply {
    if (command.kind === 'submit') {
      const holder = this.#holderOf(command.task)
      if (holder !== undefined) {
        const { task_id, state, request_cid } = holder
        const refusal = request_cid === command.task.request_cid ? 'duplicate' : 'conflict'
        return { changed: false, task_id, refusal, state }
      }
    }
    const stored = this.#find(command.task_id)
    const decision = decide(stored?.head, command)
    if ('refusal' in decision) {
      const state = stored === undefined ? {} : { state: stored.head.state }
      return { changed: false, task_id: command.task_id, refusal: decision.refusal, ...state }
    }
    const head = decision.task
    this.#seq += 1
    head.seq = this.#seq
    this.#counts[head.state] += 1
    if (stored !== undefined) {
      this.#counts[stored.head.state] -= 1
      this.#update(stored.n, head, command)
      const params = command.kind === 'lease' ? this.#paramsOf(stored.n) : undefined
      const waitedIn = isWaiting(stored.head) ? laneKey(stored.head) : undefined
      return changedReply(command, head, { order: stored.n, waitedIn, params })
    }
    const order = command.kind === 'submit' ? this.#insert(head, inlineOf(command.params)) : 0
    return changedReply(command, head, { order, waitedIn: undefined, params: undefined })
  }

  #insert(head: TaskHead, params: JsonText): number {
    const { insertTask, insertRequest } = this.#statements
    const { lastInsertRowid } = insertTask.run(
      head.task_id,
      head.seq,
      head.state,
      head.fence,
      head.tool,
      head.principal,
      head.idempotency_key ?? null,
      head.run_at ?? null,
      head.queued_at ?? null,
      JSON.stringify(head.attempts),
    )
    const n = Number(lastInsertRowid)
    insertRequest.run(n, specOf(head), params)
    this.#remember({ n, head })
    return n
  }

  #update(n: number, head: TaskHead, command: Command): void {
    this.#statements.updateTask.run(
      head.seq,
      head.state,
      head.fence,
      head.run_at ?? null,
      head.queued_at ?? null,
      head.ended_at ?? null,
      JSON.stringify(head.attempts),
      head.error === undefined ? null : JSON.stringify(head.error),
      head.outcome_cid ?? null,
      n,
    )
    if (command.kind === 'settle' && command.outcome.state === 'succeeded') {
      this.#statements.insertResult.run(n, inlineOf(command.outcome.result))
    }
    if (TERMINAL_STATES.has(head.state)) this.#cache.delete(head.task_id)
    else this.#remember({ n, head })
  }

  #find(taskId: string): StoredTask | undefined {
    const cached = this.#cache.get(taskId)
    if (cached !== undefined) return cached
    const row = this.#statements.readTask.get(taskId)
    return row === undefined ? undefined : taskFromRow(row)
  }

  #holderOf({ principal, idempotency_key }: TaskHead): TaskHead | undefined {
    if (idempotency_key === undefined) return undefined
    const row = this.#statements.readByKey.get(principal, idempotency_key)
    return row === undefined ? undefined : taskFromRow(row).head
  }

  #paramsOf(n: number): JsonText {
    return Params.parse(this.#statements.readParams.get(n)).params
  }

  #remember(task: StoredTask): void {
    const { task_id } = task.head
    this.#cache.delete(task_id)
    this.#cache.set(task_id, task)
    if (this.#cache.size <= CACHED_TASKS) return
    const oldest = this.#cache.keys().next()
    if (!oldest.done) this.#cache.delete(oldest.value)
  }

  #readCounts(): Record<TaskState, number> {
    const counts = { scheduled: 0, queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0, expired: 0 }
    for (const row of this.#db.prepare('SELECT state, count(*) AS tasks FROM tasks GROUP BY state').all()) {
      const { state, tasks } = Count.parse(row)
      Object.assign(counts, { [state]: tasks })
    }
    return counts
  }

  #query(sql: string): StatementSync {
    const prepared = this.#queries.get(sql) ?? this.#db.prepare(sql)
    this.#queries.set(sql, prepared)
    return prepared
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

function prepareStatements(db: DatabaseSync) {
  const from = 'FROM tasks t JOIN requests r ON r.n = t.n'
  return {
    begin: db.prepare('BEGIN IMMEDIATE'),
    commit: db.prepare('COMMIT'),
    rollback: db.prepare('ROLLBACK'),
    readSeq: db.prepare('SELECT seq FROM sequence'),
    writeSeq: db.prepare('UPDATE sequence SET seq = ?'),
    insertTask: db.prepare(
      `INSERT INTO tasks (task_id, seq, state, fence, tool, principal, idempotency_key, run_at, queued_at, attempts)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    insertRequest: db.prepare('INSERT INTO requests VALUES (?, ?, ?)'),
    insertResult: db.prepare('INSERT INTO results VALUES (?, ?)'),
    updateTask: db.prepare(
      `UPDATE tasks SET seq = ?, state = ?, fence = ?, run_at = ?, queued_at = ?, ended_at = ?, attempts = ?, error = ?,
       outcome_cid = ? WHERE n = ?`,
    ),
    readTask: db.prepare(`SELECT ${TASK_COLUMNS} ${from} WHERE t.task_id = ?`),
    readByKey: db.prepare(`SELECT ${TASK_COLUMNS} ${from} WHERE t.principal = ? AND t.idempotency_key = ?`),
    readBodies: db.prepare(
      `SELECT ${TASK_COLUMNS}, r.params, s.result ${from} LEFT JOIN results s ON s.n = t.n WHERE t.task_id = ?`,
    ),
    readParams: db.prepare('SELECT params FROM requests WHERE n = ?'),
    readLive: db.prepare(
      `SELECT ${TASK_COLUMNS} ${from} WHERE t.n > ? AND t.ended_at IS NULL ORDER BY t.n LIMIT ?`,
    ),
    readEnded: db.prepare('SELECT n, state FROM tasks WHERE ended_at < ? ORDER BY ended_at LIMIT ?'),
    dropTask: db.prepare('DELETE FROM tasks WHERE n = ?'),
    dropRequest: db.prepare('DELETE FROM requests WHERE n = ?'),
    dropResult: db.prepare('DELETE FROM results WHERE n = ?'),
  }
}

function parseCursor(cursor: string): number {
  if (!/^[0-9]{1,15}$/.test(cursor))
    throw new InvalidInputError('/cursor', cursor, 'next_cursor of an earlier page')
  return Number(cursor)
}
