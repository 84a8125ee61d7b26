import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import type { DueTask } from '../../../shared/queue/store/store.ts'
import type { TaskHead } from '../../../shared/queue/task.ts'
import { TASK_COLUMNS, taskFromRow } from './stored-task.ts'

/** Running tasks read at once. */
const RUNNING_PAGE = 500

const Due = z.object({ task_id: z.string(), due_at: z.int(), order: z.int() })

/** Reads of tasks beside lists. */
export class TaskReads {
  readonly #statements: ReturnType<typeof prepareStatements>

  constructor(db: DatabaseSync) {
    this.#statements = prepareStatements(db)
  }

  due(after: Pick<DueTask, 'due_at' | 'order'> | undefined, limit: number): DueTask[] {
    const { due_at, order } = after ?? { due_at: -1, order: 0 }
    return this.#statements.readDue.all(due_at, order, limit).map(row => Due.parse(row))
  }

  /** The next page of running tasks, made after the task numbered `after`; `last`: where the one behind begins. */
  running(after: number): { tasks: TaskHead[]; last: number | undefined } {
    const found = this.#statements.readRunning.all(after, RUNNING_PAGE).map(taskFromRow)
    const last = found.length < RUNNING_PAGE ? undefined : found.at(-1)?.n
    return { tasks: found.map(({ head }) => head), last }
  }
}

function prepareStatements(db: DatabaseSync) {
  const from = 'FROM tasks t JOIN requests r ON r.n = t.n'
  return {
    readDue: db.prepare(
      `SELECT task_id, due_at, n AS "order" FROM tasks WHERE due_at >= ?1 AND (due_at > ?1 OR n > ?2)
       ORDER BY due_at, n LIMIT ?3`,
    ),
    readRunning: db.prepare(
      `SELECT ${TASK_COLUMNS} ${from} WHERE t.state = 2 AND t.n > ? ORDER BY t.n LIMIT ?`,
    ),
  }
}
