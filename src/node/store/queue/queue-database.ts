import type { DatabaseSync } from 'node:sqlite'
import type { Body, Command, Reply } from '../../../shared/queue/states/commands.ts'
import type {
  DueTask,
  EventPage,
  StoredTask,
  TaskFilter,
  TaskPage,
  WaitingTask,
} from '../../../shared/queue/store/store.ts'
import type { TaskHead, TaskState } from '../../../shared/queue/task.ts'
import type { Json } from '../../../shared/tools/tool.ts'
import { QueueRecords } from './queue-records.ts'
import { workingError } from './sqlite-errors.ts'
import { TaskLedger } from './task-ledger.ts'
import { TaskReads } from './task-reads.ts'
import { TaskSearch } from './task-search.ts'

/** All that works on one open file. */
interface Parts {
  ledger: TaskLedger
  reads: TaskReads
  search: TaskSearch
  records: QueueRecords
}

/**
 * The task store in its file, by `node:sqlite`: synchronous, so it lives in a thread of its own. Every method throws
 * `unavailable` where the file cannot be written or read, and works again as soon as it can.
 */
export class QueueDatabase {
  readonly #db: DatabaseSync
  #parts: Parts | undefined

  /** @param db a file opened by `openQueueFile`; throws `unavailable` where it cannot be read */
  constructor(db: DatabaseSync) {
    this.#db = db
    this.#read(() => undefined)
  }

  /** All commands in one transaction. */
  apply(commands: readonly Command[]): Reply[] {
    return this.#write(({ ledger }) => {
      const replies = commands.map(command => ledger.apply(command))
      ledger.finish()
      return replies
    })
  }

  get(taskId: string): StoredTask | undefined {
    return this.#read(({ reads, ledger: { bodies } }) => {
      const task = reads.task(taskId)
      if (task === undefined) return undefined
      const { n, head } = task
      return { ...withResult(head, bodies.resultOf(n)), params: bodies.paramsOf(n), logs: bodies.logsOf(n) }
    })
  }

  head(taskId: string): TaskHead | undefined {
    return this.#read(({ reads }) => reads.task(taskId)?.head)
  }

  result(taskId: string): { head: TaskHead; result?: Body } | undefined {
    return this.#read(({ reads, ledger }) => {
      const task = reads.task(taskId)
      return task && withResult(task.head, ledger.bodies.resultOf(task.n))
    })
  }

  list(filter: TaskFilter): TaskPage {
    return this.#read(({ search }) => search.list(filter))
  }

  counts(): Record<TaskState, number> {
    return this.#read(({ ledger }) => ledger.counts)
  }

  lanes(): { lane: string; waiting: number }[] {
    return this.#read(({ ledger }) => ledger.lanes())
  }

  waiting(lane: string, after: number, limit: number): WaitingTask[] {
    return this.#read(({ ledger }) => ledger.waiting(lane, after, limit))
  }

  due(after: Pick<DueTask, 'due_at' | 'order'> | undefined, limit: number): DueTask[] {
    return this.#read(({ reads }) => reads.due(after, limit))
  }

  running(after: number): { tasks: TaskHead[]; last: number | undefined } {
    return this.#read(({ reads }) => reads.running(after))
  }

  events(after: number, limit: number): EventPage {
    return this.#read(({ ledger }) => ledger.events(after, limit))
  }

  records(): { key: string; value: Json }[] {
    return this.#read(({ records }) => records.all())
  }

  putRecord(key: string, value: Json | undefined): void {
    this.#write(({ records }) => records.put(key, value))
  }

  prune(endedBefore: number, max: number): { tasks: number; blobs: string[] } {
    return this.#write(({ ledger }) => ledger.prune(endedBefore, max))
  }

  blobs(after: string): string[] {
    return this.#read(({ ledger }) => ledger.bodies.blobs(after))
  }

  check(): void {
    this.#write(() => this.#db.exec('UPDATE counters SET checks = checks + 1'))
  }

  close(): void {
    this.#db.close()
  }

  #write<T>(work: (parts: Parts) => T): T {
    return this.#read(parts => {
      try {
        this.#db.exec('BEGIN IMMEDIATE')
        const value = work(parts)
        this.#db.exec('COMMIT')
        return value
      } catch (error) {
        // What is in memory may be ahead of the file now.
        this.#parts = undefined
        if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
        throw error
      }
    })
  }

  #read<T>(work: (parts: Parts) => T): T {
    try {
      this.#parts ??= partsOf(this.#db)
      return work(this.#parts)
    } catch (error) {
      throw workingError(error)
    }
  }
}

function partsOf(db: DatabaseSync): Parts {
  const ledger = new TaskLedger(db)
  const search = new TaskSearch(db, ledger.times)
  return { ledger, reads: new TaskReads(db), search, records: new QueueRecords(db) }
}

function withResult(head: TaskHead, result: Body | undefined) {
  return { head, ...(result === undefined ? {} : { result }) }
}
