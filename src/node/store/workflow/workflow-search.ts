import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import type { WorkflowFilter } from '../../../shared/workflow/store/store.ts'
import { cursorOf, parseCursor } from '../../../shared/workflow/store/workflow-cursor.ts'
import { STATE_CODES, type StoredHead, shelfOf } from './stored-head.ts'
import type { WorkflowTable } from './workflow-table.ts'

/** Workflows that one page looks at, at most: it may have fewer than its limit, and a cursor all the same. */
const LOOK = 2_000

const Row = z.object({ n: z.int() })
const Labels = z.object({ labels: z.record(z.string(), z.string()) })

/** One index that holds what is looked for, and perhaps more, by number. */
interface Range {
  where: string
  value?: string | number
}

/** Lists of workflows. */
export class WorkflowSearch {
  readonly #db: DatabaseSync
  readonly #table: WorkflowTable

  constructor(db: DatabaseSync, table: WorkflowTable) {
    this.#db = db
    this.#table = table
  }

  /** Throws `invalid_input` for a cursor that is none. */
  list(filter: WorkflowFilter): { workflows: StoredHead[]; next_cursor?: string } {
    const newest = filter.order === 'newest'
    const from = parseCursor(filter.cursor) ?? (newest ? Number.MAX_SAFE_INTEGER : 0)
    const numbers = rangesOf(filter).flatMap(range => this.#numbers(range, from, newest))
    numbers.sort((a, b) => (newest ? b - a : a - b))
    const workflows: StoredHead[] = []
    let last = from
    for (const n of numbers.slice(0, LOOK)) {
      if (workflows.length === filter.limit) return { workflows, next_cursor: cursorOf(last) }
      last = n
      const head = this.#table.headAt(n)
      if (head !== undefined && isWanted(head, filter)) workflows.push(head)
    }
    return numbers.length < LOOK ? { workflows } : { workflows, next_cursor: cursorOf(last) }
  }

  #numbers({ where, value }: Range, from: number, newest: boolean): number[] {
    const [behind, order] = newest ? ['n < ?', 'DESC'] : ['n > ?', 'ASC']
    const sql = `SELECT n FROM workflows WHERE ${where} AND ${behind} ORDER BY n ${order} LIMIT ${LOOK}`
    const values = value === undefined ? [from] : [value, from]
    return this.#db
      .prepare(sql)
      .all(...values)
      .map(row => Row.parse(row).n)
  }
}

function rangesOf({ states, name, principal, parent }: WorkflowFilter): Range[] {
  if (parent !== undefined) return [{ where: 'parent = ?', value: parent }]
  const outermost = 'parent IS NULL'
  if (name !== undefined) return [{ where: `${outermost} AND name = ?`, value: name }]
  if (principal !== undefined) return [{ where: `${outermost} AND principal = ?`, value: principal }]
  if (states === undefined) return [{ where: outermost }]
  const shelves = [...new Set(states.map(shelfOf))]
  return shelves.map(shelf => ({ where: `${outermost} AND shelf = ?`, value: shelf }))
}

function isWanted(head: StoredHead, { states, name, principal, labels }: WorkflowFilter): boolean {
  if (states !== undefined && !states.some(state => STATE_CODES[state] === head.state)) return false
  if (name !== undefined && name !== head.name) return false
  if (principal !== undefined && principal !== head.principal) return false
  if (labels === undefined || Object.keys(labels).length === 0) return true
  const { labels: has } = Labels.parse(JSON.parse(head.origin))
  return Object.entries(labels).every(([label, value]) => has[label] === value)
}
