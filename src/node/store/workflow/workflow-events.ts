import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'

/** Characters of events in one message between the threads, beyond which it ends. */
const PAGE_CHARS = 4 * 1024 * 1024

const Row = z.object({ last_seq: z.int(), events: z.string() })

/** Events of workflows, a row for those of one append: a JSON array. */
export class WorkflowEvents {
  readonly #statements: ReturnType<typeof prepareStatements>

  constructor(db: DatabaseSync) {
    this.#statements = prepareStatements(db)
  }

  /** Part of a transaction. */
  add(content: number, lastSeq: number, events: string): void {
    this.#statements.add.run(content, lastSeq, events)
  }

  /** Rows with events behind `after`, until `limit` events are among them or it is enough for one message. */
  read(content: number, after: number, limit: number): string[] {
    const found: string[] = []
    let chars = 0
    for (const row of this.#statements.read.iterate(content, after)) {
      const { last_seq, events } = Row.parse(row)
      found.push(events)
      chars += events.length
      if (last_seq - after >= limit || chars > PAGE_CHARS) break
    }
    return found
  }

  /** Forgets those of a workflow: how many rows. Part of a transaction. */
  drop(content: number): number {
    return Number(this.#statements.drop.run(content).changes)
  }
}

function prepareStatements(db: DatabaseSync) {
  return {
    add: db.prepare('INSERT INTO workflow_events (content, last_seq, events) VALUES (?, ?, ?)'),
    read: db.prepare(
      'SELECT last_seq, events FROM workflow_events WHERE content = ? AND last_seq > ? ORDER BY last_seq',
    ),
    drop: db.prepare('DELETE FROM workflow_events WHERE content = ?'),
  }
}
