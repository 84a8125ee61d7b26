import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { z } from 'zod'
import type { Changed } from '../../../shared/queue/states/commands.ts'
import type { EventPage } from '../../../shared/queue/store/store.ts'
import { TASK_STATES, type TaskEvent } from '../../../shared/queue/task.ts'

/** Rows of the journal dropped by one prune, so that no commit waits long behind it. */
const ROWS_PER_PRUNE = 5_000

/** The changes of one transaction; names (tool, principal, peer) stand once, a change has their places. */
const Changes = z.object({
  names: z.array(z.string()),
  /** task_id, state, at, fence, tool, principal, peer (-1: none); `seq` goes up by one from the row's first. */
  changes: z.array(z.tuple([z.string(), z.int(), z.number(), z.int(), z.int(), z.int(), z.int()])),
})
const Row = z.object({ first_seq: z.int(), last_seq: z.int(), changes: z.string() })
const First = z.object({ first_seq: z.int() })
const Age = z.object({ last_seq: z.int(), at: z.int() })

const STATE_CODE = Object.fromEntries(TASK_STATES.map((state, code) => [state, code]))

/** Every change in the order of `seq`: one row for each transaction, as a row for each change would cost a tenth. */
export class TaskJournal {
  readonly #insert: StatementSync
  readonly #read: StatementSync
  readonly #first: StatementSync
  readonly #ages: StatementSync
  readonly #drop: StatementSync

  constructor(db: DatabaseSync) {
    this.#insert = db.prepare('INSERT INTO journal VALUES (?, ?, ?, ?)')
    this.#read = db.prepare(
      'SELECT first_seq, last_seq, changes FROM journal WHERE last_seq > ? ORDER BY last_seq LIMIT 1',
    )
    this.#first = db.prepare('SELECT first_seq FROM journal ORDER BY last_seq LIMIT 1')
    this.#ages = db.prepare('SELECT last_seq, at FROM journal ORDER BY last_seq LIMIT ?')
    this.#drop = db.prepare('DELETE FROM journal WHERE last_seq <= ?')
  }

  /** The changes of the transaction that is under way, in order; at least one. */
  write(changed: readonly Changed[]): void {
    const names = new Map<string, number>()
    const place = (name: string): number => {
      const known = names.get(name)
      if (known !== undefined) return known
      names.set(name, names.size)
      return names.size - 1
    }
    let at = 0
    const changes = changed.map(each => {
      at = Math.max(at, each.at)
      const peer = each.peer_id === undefined ? -1 : place(each.peer_id)
      const { task_id, state, fence, tool, principal } = each
      return [task_id, STATE_CODE[state], each.at, fence, place(tool), place(principal), peer]
    })
    const first = changed[0]?.seq ?? 0
    this.#insert.run(
      first + changed.length - 1,
      first,
      Math.floor(at),
      JSON.stringify({ names: [...names.keys()], changes }),
    )
  }

  read(after: number, limit: number, last: number): EventPage {
    const events: TaskEvent[] = []
    for (let from = after; events.length < limit; ) {
      const row = this.#read.get(from)
      if (row === undefined) break
      const { first_seq, last_seq, changes } = Row.parse(row)
      events.push(...eventsOf(first_seq, changes).filter(event => event.seq > after))
      from = last_seq
    }
    const first = this.#first.get()
    const oldest = first === undefined ? last + 1 : First.parse(first).first_seq
    return { events: events.slice(0, limit), oldest, last }
  }

  /** Forgets changes made before this time, the oldest first; part of a transaction. */
  prune(before: number): void {
    const ages = this.#ages.all(ROWS_PER_PRUNE).map(row => Age.parse(row))
    const kept = ages.findIndex(({ at }) => at >= before)
    const last = kept === -1 ? ages.at(-1) : ages[kept - 1]
    if (last !== undefined) this.#drop.run(last.last_seq)
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
