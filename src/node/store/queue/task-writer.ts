import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { z } from 'zod'
import { TASK_STATES, type TaskState } from '../../../shared/queue/task.ts'
import { CreationTimes } from './creation-times.ts'
import type { LaneRegister } from './lane-register.ts'
import { STATE_CODES } from './stored-task.ts'
import { TaskBodies } from './task-bodies.ts'
import { TaskLabels } from './task-labels.ts'
import type { TaskTable } from './task-table.ts'
import type { UnwrittenTask } from './unwritten-tasks.ts'

const Ended = z.object({ n: z.int(), state: z.int() })

/** Brings tasks into the tables, and forgets them there. All of it is part of the caller's transaction. */
export class TaskWriter {
  readonly bodies: TaskBodies
  readonly times: CreationTimes
  readonly #tasks: TaskTable
  readonly #lanes: LaneRegister
  readonly #labels: TaskLabels
  readonly #readEnded: StatementSync
  readonly #drop: StatementSync

  constructor(db: DatabaseSync, tasks: TaskTable, lanes: LaneRegister) {
    this.bodies = new TaskBodies(db)
    this.times = new CreationTimes(db)
    this.#tasks = tasks
    this.#lanes = lanes
    this.#labels = new TaskLabels(db)
    const { succeeded, failed, cancelled, expired } = STATE_CODES
    const endedOn = [succeeded, failed, cancelled, expired].map(
      shelf => `SELECT * FROM (SELECT n, state, ended_at FROM tasks WHERE shelf = ${shelf} AND ended_at < :before
        ORDER BY ended_at LIMIT :max)`,
    )
    this.#readEnded = db.prepare(`${endedOn.join(' UNION ALL ')} ORDER BY ended_at LIMIT :max`)
    this.#drop = db.prepare('DELETE FROM tasks WHERE n IN (SELECT value FROM json_each(?))')
  }

  /** Each as it is now. */
  write(tasks: Iterable<UnwrittenTask>): void {
    for (const task of tasks) this.#write(task)
    this.times.write()
  }

  /** Forgets at most `max` tasks that ended before this time; the states that they were in, and blobs of nobody now. */
  drop(endedBefore: number, max: number): { states: TaskState[]; blobs: string[] } {
    const ended = this.#readEnded.all({ before: endedBefore, max }).map(row => Ended.parse(row))
    const numbers = JSON.stringify(ended.map(({ n }) => n))
    this.#drop.run(numbers)
    this.#labels.drop(numbers)
    const blobs = this.bodies.drop(numbers)
    this.times.prune()
    return { states: ended.map(({ state }) => TASK_STATES[state] ?? 'succeeded'), blobs }
  }

  #write(task: UnwrittenTask): void {
    const { n, head, lane, params, result, logs = [] } = task
    if (lane !== undefined) this.#lanes.write(lane)
    const laneId = lane?.id ?? null
    if (task.isNew) {
      this.#tasks.insert(task, laneId, this.bodies.putParams(n, params ?? ''))
      this.#labels.insert(n, head.labels)
      this.times.note(n, head.created_at)
    } else {
      this.#tasks.update(task, laneId)
      if (task.isRewritten) {
        this.#tasks.rewriteSpec(task)
        this.#labels.replace(n, head.labels)
      }
    }
    if (result !== undefined) this.bodies.putResult(n, result)
    for (const { fence, lines } of logs) this.bodies.putLogs(n, fence, lines, head)
  }
}
