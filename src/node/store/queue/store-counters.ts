import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { z } from 'zod'
import { TASK_STATES, type TaskState } from '../../../shared/queue/task.ts'
import { STATE_CODES } from './stored-task.ts'

const Row = z.object({ seq: z.int(), made: z.int(), by_state: z.string() })
const ByState = z.array(z.int()).length(TASK_STATES.length)

/** What the store counts: changes, tasks made, tasks in each state. */
export class StoreCounters {
  /** The latest change. */
  seq: number
  /** The number of the latest task. */
  made: number
  readonly #byState: number[]
  readonly #write: StatementSync

  constructor(db: DatabaseSync) {
    this.#write = db.prepare('UPDATE counters SET seq = ?, made = ?, by_state = ?')
    const { seq, made, by_state } = Row.parse(db.prepare('SELECT seq, made, by_state FROM counters').get())
    this.seq = seq
    this.made = made
    this.#byState = ByState.parse(JSON.parse(by_state))
  }

  get byState(): Record<TaskState, number> {
    const of = (state: TaskState) => this.#byState[STATE_CODES[state]] ?? 0
    return {
      scheduled: of('scheduled'),
      queued: of('queued'),
      running: of('running'),
      succeeded: of('succeeded'),
      failed: of('failed'),
      cancelled: of('cancelled'),
      expired: of('expired'),
    }
  }

  /** So many tasks more are in this state. */
  add(state: TaskState, tasks: number): void {
    const code = STATE_CODES[state]
    this.#byState[code] = (this.#byState[code] ?? 0) + tasks
  }

  /** Part of a transaction. */
  write(): void {
    this.#write.run(this.seq, this.made, JSON.stringify(this.#byState))
  }
}
