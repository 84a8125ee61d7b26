import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { JsonText } from '../../../shared/queue/states/commands.ts'

type Labels = Record<string, string>

/** Which tasks have a label; nothing is written for a task without. */
export class TaskLabels {
  readonly #insert: StatementSync
  readonly #clear: StatementSync
  readonly #drop: StatementSync

  constructor(db: DatabaseSync) {
    this.#insert = db.prepare('INSERT INTO labels VALUES (?, ?)')
    this.#clear = db.prepare('DELETE FROM labels WHERE n = ?')
    this.#drop = db.prepare('DELETE FROM labels WHERE n IN (SELECT value FROM json_each(?))')
  }

  insert(n: number, labels: Labels): void {
    for (const label of labelKeys(labels)) this.#insert.run(label, n)
  }

  replace(n: number, labels: Labels): void {
    this.#clear.run(n)
    this.insert(n, labels)
  }

  /** Forgets those of these tasks, a JSON array of numbers. */
  drop(numbers: JsonText): void {
    this.#drop.run(numbers)
  }
}

/** As labels stand in the index. */
export function labelKeys(labels: Labels): string[] {
  return Object.entries(labels).map(([name, value]) => JSON.stringify([name, value]))
}
