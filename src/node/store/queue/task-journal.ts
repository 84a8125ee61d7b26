import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { z } from 'zod'
import { eventOf } from '../../../shared/queue/states/changed-reply.ts'
import type { Changed } from '../../../shared/queue/states/commands.ts'
import type { EventPage } from '../../../shared/queue/store/store.ts'
import { TASK_STATES, type TaskEvent } from '../../../shared/queue/task.ts'
import { NameTable } from './name-table.ts'
import { STATE_CODES } from './stored-task.ts'

/** Rows of the journal dropped by one prune, so that no commit waits long behind it. */
const ROWS_PER_PRUNE = 1_000

/** Changes in one row: fewer would cost more to write, more would cost a page of events more to read. */
const CHANGES_PER_ROW = 256

/** Changes in a row; names (tool, principal, peer) stand once, a change has their places. */
const Changes = z.object({
  names: z.array(z.string()),
  /** task_id, state, at, fence, tool, principal, peer (-1: none); `seq` goes up by one from the row's first. */
  changes: z.array(z.tuple([z.string(), z.int(), z.number(), z.int(), z.int(), z.int(), z.int()])),
})
const Row = z.object({ first_seq: z.int(), last_seq: z.int(), changes: z.string() })
const First = z.object({ first_seq: z.int() })
const Age = z.object({ last_seq: z.int(), at: z.int() })

/**
 * Every change in the order of `seq`: many to a row, as a row for each would cost a tenth. The latest are in memory until
 * they are written; the redo log has what they follow from.
 */
export class TaskJournal {
  #unwritten: Changed[] = []
  readonly #insert: StatementSync
  readonly #read: StatementSync
  readonly #first: StatementSync
  readonly #ages: StatementSync
  readonly #drop: StatementSync
  readonly #rewrite: StatementSync

  constructor(db: DatabaseSync) {
    this.#insert = db.prepare('INSERT INTO journal VALUES (?, ?, ?, ?)')
    this.#read = db.prepare(
      'SELECT first_seq, last_seq, changes FROM journal WHERE last_seq > ? ORDER BY last_seq LIMIT 1',
    )
    this.#first = db.prepare('SELECT first_seq FROM journal ORDER BY last_seq LIMIT 1')
    this.#ages = db.prepare('SELECT last_seq, at FROM journal ORDER BY last_seq LIMIT ?')
    this.#drop = db.prepare('DELETE FROM journal WHERE last_seq <= ?')
    this.#rewrite = db.prepare('UPDATE journal SET first_seq = ?, changes = ? WHERE last_seq = ?')
  }

  /** A change with the next `seq`. */
  add(change: Changed): void {
    this.#unwritten.push(change)
  }

  /** Writes what was added; part of a transaction. */
  write(): void {
    for (let at = 0; at < this.#unwritten.length; at += CHANGES_PER_ROW) {
      this.#writeRow(this.#unwritten.slice(at, at + CHANGES_PER_ROW))
    }
    this.#unwritten = []
  }

  read(after: number, limit: number, last: number): EventPage {
    const [unwritten] = this.#unwritten
    const events: TaskEvent[] = []
    for (let from = after; events.length < limit && from + 1 < (unwritten?.seq ?? last + 1); ) {
      const row = this.#read.get(from)
      if (row === undefined) break
      const { first_seq, last_seq, changes } = Row.parse(row)
      events.push(...eventsOf(first_seq, changes).filter(event => event.seq > after))
      from = last_seq
    }
    if (events.length < limit && unwritten !== undefined) {
      const known = Math.max(after + 1 - unwritten.seq, 0)
      events.push(...this.#unwritten.slice(known, known + limit - events.length).map(eventOf))
    }
    const first = this.#first.get()
    const oldest = first === undefined ? (unwritten?.seq ?? last + 1) : First.parse(first).first_seq
    return { events: events.slice(0, limit), oldest, last }
  }

  /** Forgets changes made before this time, the oldest first; part of a transaction, after `write`. */
  prune(before: number): void {
    const ages = this.#ages.all(ROWS_PER_PRUNE).map(row => Age.parse(row))
    const kept = ages.findIndex(({ at }) => at >= before)
    const last = kept === -1 ? ages.at(-1) : ages[kept - 1]
    if (last !== undefined) this.#drop.run(last.last_seq)
    if (kept !== -1) this.#shorten(before)
  }

  /** Takes the first changes out of the first row, where they were made before this time. */
  #shorten(before: number): void {
    const row = this.#read.get(0)
    if (row === undefined) return
    const { first_seq, last_seq, changes: text } = Row.parse(row)
    const { names, changes } = Changes.parse(JSON.parse(text))
    const old = changes.findIndex(([, , at]) => at >= before)
    if (old <= 0) return
    this.#rewrite.run(first_seq + old, JSON.stringify({ names, changes: changes.slice(old) }), last_seq)
  }

  #writeRow(changed: readonly Changed[]): void {
    const names = new NameTable()
    let at = 0
    const changes = changed.map(each => {
      at = Math.max(at, each.at)
      const peer = each.peer_id === undefined ? -1 : names.place(each.peer_id)
      const { task_id, state, fence, tool, principal } = each
      return [task_id, STATE_CODES[state], each.at, fence, names.place(tool), names.place(principal), peer]
    })
    const first = changed[0]?.seq ?? 0
    this.#insert.run(
      first + changed.length - 1,
      first,
      Math.floor(at),
      JSON.stringify({ names: names.all, changes }),
    )
  }
}

function eventsOf(firstSeq: number, text: string): TaskEvent[] {
  const { names, changes } = Changes.parse(JSON.parse(text))
  return changes.map(([task_id, state, at, fence, tool, principal, peer], index) => ({
    task_id,
    seq: firstSeq + index,
    state: TASK_STATES[state] ?? 'queued',
    at,
    ...(names[peer] === undefined ? {} : { peer_id: names[peer] }),
    fence,
    tool: names[tool] ?? '',
    principal: names[principal] ?? '',
  }))
}
