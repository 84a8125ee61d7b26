import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { z } from 'zod'
import type { Json } from '../../../shared/tools/tool.ts'

const Row = z.object({ key: z.string(), value: z.string() })

/** Small documents that the queue keeps beside its tasks. */
export class QueueRecords {
  readonly #read: StatementSync
  readonly #write: StatementSync
  readonly #delete: StatementSync

  constructor(db: DatabaseSync) {
    this.#read = db.prepare('SELECT key, value FROM records ORDER BY key')
    this.#write = db.prepare('INSERT OR REPLACE INTO records VALUES (?, ?)')
    this.#delete = db.prepare('DELETE FROM records WHERE key = ?')
  }

  all(): { key: string; value: Json }[] {
    return this.#read.all().map(row => {
      const { key, value } = Row.parse(row)
      return { key, value: JSON.parse(value) }
    })
  }

  /** One statement, so a transaction of its own where none is open. */
  put(key: string, value: Json | undefined): void {
    if (value === undefined) this.#delete.run(key)
    else this.#write.run(key, JSON.stringify(value))
  }
}
