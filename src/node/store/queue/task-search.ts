import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { z } from 'zod'
import type { TaskFilter, TaskPage } from '../../../shared/queue/store/store.ts'
import { cursorOf, parseCursor, type TaskPosition } from '../../../shared/queue/store/task-cursor.ts'
import { TASK_STATES, type TaskState, TERMINAL_STATES } from '../../../shared/queue/task.ts'
import type { CreationTimes, NumberRange } from './creation-times.ts'
import { STATE_CODES, TASK_COLUMNS, taskFromRow } from './stored-task.ts'
import { labelKeys } from './task-labels.ts'
import { AllStream, AnyStream, IndexStream, LookBudget, type TaskStream } from './task-streams.ts'

/** Rows and reads of an index that one page may cost: a few milliseconds. */
const LOOKS = 5_000
/** Ended tasks that are read at once. */
const ENDED_READ = 256

const Looked = z.object({
  state: z.int(),
  tool: z.string(),
  principal: z.string(),
  created_at: z.number(),
})
const Tool = z.object({ tool: z.string() })
const Position = z.object({ ended_at: z.int(), order: z.int() })

interface Found {
  positions: TaskPosition[]
  /** How far was looked, where there may be more. */
  next: TaskPosition | undefined
}

/** Lists of tasks. Every filter is served by indexes in the list's order, and a page looks at so many tasks and no more. */
export class TaskSearch {
  readonly #db: DatabaseSync
  readonly #times: CreationTimes
  readonly #statements = new Map<string, StatementSync>()

  constructor(db: DatabaseSync, times: CreationTimes) {
    this.#db = db
    this.#times = times
  }

  /** Throws `invalid_input` for a cursor that is none. */
  list(filter: TaskFilter): TaskPage {
    const after = parseCursor(filter)
    const { positions, next } =
      filter.sort === 'ended' ? this.#byEnd(filter, after) : this.#byCreation(filter, after)
    const read = this.#prepare(
      `SELECT ${TASK_COLUMNS} FROM tasks t JOIN requests r ON r.n = t.n WHERE t.n = ?`,
    )
    return {
      tasks: positions.map(({ order }) => taskFromRow(read.get(order)).head),
      ...(next === undefined ? {} : { next_cursor: cursorOf(next, filter.sort) }),
    }
  }

  #byCreation(filter: TaskFilter, after: TaskPosition | undefined): Found {
    const within = this.#numbersOf(filter)
    if (within === undefined) return { positions: [], next: undefined }
    const sign = filter.order === 'newest' ? -1 : 1
    const [first, last] = sign === 1 ? [within.first, within.last] : [-within.last, -within.first]
    const budget = new LookBudget(LOOKS)
    const stream = this.#streamOf(filter, sign, budget)
    const positions: TaskPosition[] = []
    let key = after === undefined ? first : Math.max(first, after.order * sign + 1)
    for (let looked = 0; ; looked++) {
      const candidate = stream.seek(key)
      if (candidate === undefined || candidate > last) return { positions, next: undefined }
      if (budget.isSpent && looked > 0) {
        return { positions, next: { order: (candidate - 1) * sign, ended_at: 0 } }
      }
      budget.spend()
      key = candidate + 1
      if (!this.#matches(candidate * sign, filter)) continue
      if (positions.length === filter.limit) return { positions, next: positions.at(-1) }
      positions.push({ order: candidate * sign, ended_at: 0 })
    }
  }

  #byEnd(filter: TaskFilter, after: TaskPosition | undefined): Found {
    const newest = filter.order === 'newest'
    const [behind, direction] = newest ? ['<', 'DESC'] : ['>', 'ASC']
    const read = this.#prepare(
      `SELECT ended_at, n AS "order" FROM tasks
       WHERE shelf = ?1 AND ended_at ${behind}= ?2 AND (ended_at ${behind} ?2 OR n ${behind} ?3)
       ORDER BY ended_at ${direction}, n ${direction} LIMIT ?4`,
    )
    const states = (filter.states ?? TASK_STATES).filter(state => TERMINAL_STATES.has(state))
    const positions: TaskPosition[] = []
    const end = newest ? Number.MAX_SAFE_INTEGER : -1
    let from: TaskPosition = after ?? { ended_at: end, order: end }
    for (let looked = 0; looked < LOOKS; ) {
      const rows = states
        .flatMap(state => read.all(STATE_CODES[state], from.ended_at, from.order, ENDED_READ))
        .map(row => Position.parse(row))
        .sort((a, b) => (newest ? -1 : 1) * (a.ended_at - b.ended_at || a.order - b.order))
        .slice(0, ENDED_READ)
      for (const position of rows) {
        looked += 1
        from = position
        if (!this.#matches(position.order, filter)) continue
        if (positions.length === filter.limit) return { positions, next: positions.at(-1) }
        positions.push(position)
      }
      if (rows.length < ENDED_READ) return { positions, next: undefined }
    }
    return { positions, next: from }
  }

  #numbersOf({ created_from, created_until }: TaskFilter): NumberRange | undefined {
    const { MAX_SAFE_INTEGER } = Number
    if (created_from === undefined && created_until === undefined) return { first: 1, last: MAX_SAFE_INTEGER }
    return this.#times.numbers(created_from ?? 0, created_until ?? MAX_SAFE_INTEGER)
  }

  /** All that can match, in order, and as little else as the indexes know. */
  #streamOf(filter: TaskFilter, sign: 1 | -1, budget: LookBudget): TaskStream {
    const { states, tool, principal, labels = {} } = filter
    const parts: TaskStream[] = labelKeys(labels).map(
      label => new IndexStream(this.#indexed('labels', 'label = ?', sign), [label], sign, budget),
    )
    const onShelves = (index: string, values: (shelf: number) => string[]) => {
      const statement = this.#indexed('tasks', `shelf = ? AND ${index} = ?`, sign)
      const streams = shelvesOf(states).flatMap(shelf =>
        values(shelf).map(value => new IndexStream(statement, [shelf, value], sign, budget)),
      )
      parts.push(new AnyStream(streams))
    }
    if (states?.every(state => state === 'running')) {
      const running = this.#indexed('tasks', `state = ${STATE_CODES.running}`, sign)
      parts.push(new IndexStream(running, [], sign, budget))
    } else {
      if (tool !== undefined) onShelves('tool', () => [tool])
      if (principal !== undefined) onShelves('principal', () => [principal])
      if (states !== undefined && tool === undefined && principal === undefined)
        onShelves('tool', shelf => this.#toolsOn(shelf))
    }
    if (parts.length === 0) return new IndexStream(this.#indexed('tasks', 'true', sign), [], sign, budget)
    return new AllStream(parts, budget)
  }

  /** The tools of the tasks on a shelf, by skipping from one to the next in the index. */
  #toolsOn(shelf: number): string[] {
    const next = this.#prepare('SELECT tool FROM tasks WHERE shelf = ? AND tool > ? ORDER BY tool LIMIT 1')
    const tools: string[] = []
    for (let row = next.get(shelf, ''); row !== undefined; row = next.get(shelf, tools.at(-1) ?? '')) {
      tools.push(Tool.parse(row).tool)
    }
    return tools
  }

  #matches(n: number, filter: TaskFilter): boolean {
    const { states, tool, principal, labels = {}, created_from = 0, created_until = Infinity } = filter
    const row = this.#prepare('SELECT state, tool, principal, created_at FROM tasks WHERE n = ?').get(n)
    if (row === undefined) return false
    const found = Looked.parse(row)
    const state = TASK_STATES[found.state]
    if (states !== undefined && (state === undefined || !states.includes(state))) return false
    if (tool !== undefined && found.tool !== tool) return false
    if (principal !== undefined && found.principal !== principal) return false
    if (found.created_at < created_from || found.created_at >= created_until) return false
    const labelled = this.#prepare('SELECT 1 FROM labels WHERE label = ? AND n = ?')
    return labelKeys(labels).every(label => labelled.get(label, n) !== undefined)
  }

  #indexed(table: 'tasks' | 'labels', where: string, sign: 1 | -1): StatementSync {
    const order = sign === 1 ? 'n >= ? ORDER BY n' : 'n <= ? ORDER BY n DESC'
    return this.#prepare(`SELECT n FROM ${table} WHERE ${where} AND ${order} LIMIT ?`)
  }

  /** The texts are few: they differ by what is filtered, never by values. */
  #prepare(sql: string): StatementSync {
    const prepared = this.#statements.get(sql) ?? this.#db.prepare(sql)
    this.#statements.set(sql, prepared)
    return prepared
  }
}

function shelvesOf(states: TaskState[] | undefined): number[] {
  const codes = (states ?? TASK_STATES).map(state => STATE_CODES[state === 'running' ? 'queued' : state])
  return [...new Set(codes)]
}
