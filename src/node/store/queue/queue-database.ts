import type { DatabaseSync } from 'node:sqlite'
import type { Command, Reply } from '../../../shared/queue/states/commands.ts'
import {
  type DueTask,
  type EventPage,
  type KeyedTask,
  RESULTS_CHARS,
  type StoredTask,
  type TaskFilter,
  type TaskPage,
  type TaskResultRow,
  type WaitingTask,
} from '../../../shared/queue/store/store.ts'
import type { TaskHead, TaskState } from '../../../shared/queue/task.ts'
import type { Json } from '../../../shared/tools/tool.ts'
import { WorkflowTables } from '../workflow/workflow-tables.ts'
import { commandsToText } from './command-codec.ts'
import { QueueRecords } from './queue-records.ts'
import { workingError } from './sqlite-errors.ts'
import { type CheckpointLimits, TaskLedger } from './task-ledger.ts'
import { TaskReads } from './task-reads.ts'
import { TaskSearch } from './task-search.ts'

/** All that works on one open file. */
interface Parts {
  ledger: TaskLedger
  reads: TaskReads
  search: TaskSearch
  records: QueueRecords
  workflows: WorkflowTables
}

/** The one transaction of several calls. */
interface SharedTransaction {
  hasBegun: boolean
  /** It cannot be kept. */
  isBroken: boolean
}

/**
 * The task store in its file, by `node:sqlite`: synchronous, so it lives in a thread of its own. Every method throws
 * `unavailable` where the file cannot be written or read, and works again as soon as it can.
 */
export class QueueDatabase {
  readonly #db: DatabaseSync
  readonly #limits: Partial<CheckpointLimits>
  #parts: Parts | undefined
  /** That of the calls which `together` runs now. */
  #shared: SharedTransaction | undefined

  /** @param db a file opened by `openQueueFile`; throws `unavailable` where it cannot be read */
  constructor(db: DatabaseSync, limits: Partial<CheckpointLimits> = {}) {
    this.#db = db
    this.#limits = limits
    this.#write(({ workflows }) => workflows.dropUnfinished())
  }

  /**
   * All commands in one transaction.
   * @param text the commands by `commandsToText`, where that is at hand
   */
  apply(commands: readonly Command[], text = commandsToText(commands)): Reply[] {
    return this.#write(({ ledger }) => ledger.apply(commands, text))
  }

  get(taskId: string): StoredTask | undefined {
    return this.#read(({ ledger }) => ledger.stored(taskId))
  }

  head(taskId: string): TaskHead | undefined {
    return this.#read(({ ledger }) => ledger.head(taskId))
  }

  result(taskId: string): TaskResultRow | undefined {
    return this.#read(({ ledger }) => ledger.result(taskId))
  }

  results(taskIds: readonly string[]): (TaskResultRow | undefined)[] {
    return this.#read(({ ledger }) => {
      const found: (TaskResultRow | undefined)[] = []
      let chars = 0
      for (const taskId of taskIds) {
        const row = ledger.result(taskId)
        found.push(row)
        if (typeof row?.result === 'string') chars += row.result.length
        if (chars > RESULTS_CHARS) break
      }
      return found
    })
  }

  list(filter: TaskFilter): TaskPage {
    return this.#readTables(({ search }) => search.list(filter))
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
    return this.#readTables(({ reads }) => reads.due(after, limit))
  }

  openByKey(principal: string, prefix: string, after: string, limit: number): KeyedTask[] {
    return this.#read(({ ledger }) => ledger.openByKey(principal, prefix, after, limit))
  }

  running(after: number): { tasks: TaskHead[]; last: number | undefined } {
    return this.#readTables(({ reads }) => reads.running(after))
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

  referred(cids: readonly string[]): string[] {
    return this.#readTables(({ ledger }) => cids.filter(cid => ledger.bodies.refersTo(cid)))
  }

  blobs(after: string): string[] {
    return this.#readTables(({ ledger }) => ledger.bodies.blobs(after))
  }

  /** Reads of workflows. */
  readWorkflows<T>(work: (workflows: WorkflowTables) => T): T {
    return this.#read(({ workflows }) => work(workflows))
  }

  /** Changes of workflows, as one transaction. */
  writeWorkflows<T>(work: (workflows: WorkflowTables) => T): T {
    return this.#write(({ workflows }) => work(workflows))
  }

  /**
   * Runs calls of this database in their order and tells what each gives: from the first on that changes something they
   * are one transaction, and none of these is told before it is kept. If it cannot be, nothing of it is, and they are
   * run again one by one, so that each fails for its own reason only.
   * @param calls do not throw; `close` is none of them
   */
  together<T>(calls: readonly (() => T)[], tell: (result: T) => void): void {
    const shared: SharedTransaction = { hasBegun: false, isBroken: false }
    const held: T[] = []
    let told = 0
    this.#shared = shared
    for (const call of calls) {
      const result = call()
      // Some errors end a transaction (https://www.sqlite.org/lang_transaction.html).
      if (shared.hasBegun && !this.#db.isTransaction) shared.isBroken = true
      if (shared.isBroken) break
      if (shared.hasBegun) held.push(result)
      else {
        tell(result)
        told += 1
      }
    }
    this.#shared = undefined
    if (told === calls.length) return
    if (this.#keep(shared)) {
      for (const result of held) tell(result)
      return
    }
    this.#forget()
    for (const call of calls.slice(told)) tell(call())
  }

  check(): void {
    this.#write(() => this.#db.exec('UPDATE counters SET checks = checks + 1'))
  }

  close(): void {
    try {
      this.#write(({ ledger }) => ledger.checkpoint())
    } catch {
      // The log has it all: the next opening repeats it.
    }
    this.#db.close()
  }

  /** Reads what only the tables know, which must have everything for it. */
  #readTables<T>(work: (parts: Parts) => T): T {
    const shared = this.#shared
    return this.#read(parts => {
      if (!parts.ledger.hasUnwritten) return work(parts)
      if (shared !== undefined) {
        this.#share(shared, () => parts.ledger.checkpoint())
        return work(parts)
      }
      let isKept = false
      try {
        this.#db.exec('BEGIN IMMEDIATE')
        parts.ledger.checkpoint()
        const value = work(parts)
        isKept = this.#tryCommit()
        return value
      } finally {
        if (!isKept) this.#forget()
      }
    })
  }

  /** The answer does not hang on it: what was checkpointed is in the log as well. */
  #tryCommit(): boolean {
    try {
      this.#db.exec('COMMIT')
      return true
    } catch {
      return false
    }
  }

  /** A transaction was not kept, so what is in memory may be ahead of the file. */
  #forget(): void {
    this.#parts = undefined
    if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
  }

  #write<T>(work: (parts: Parts) => T): T {
    const shared = this.#shared
    if (shared !== undefined) return this.#read(parts => this.#share(shared, () => work(parts)))
    return this.#read(parts => {
      try {
        this.#db.exec('BEGIN IMMEDIATE')
        const value = work(parts)
        this.#db.exec('COMMIT')
        return value
      } catch (error) {
        this.#forget()
        throw error
      }
    })
  }

  /** A change that is a part of the transaction of several, which is broken by whatever it throws. */
  #share<T>(shared: SharedTransaction, change: () => T): T {
    try {
      if (!shared.hasBegun) this.#db.exec('BEGIN IMMEDIATE')
      shared.hasBegun = true
      return change()
    } catch (error) {
      shared.isBroken = true
      throw error
    }
  }

  #keep({ isBroken }: SharedTransaction): boolean {
    try {
      if (isBroken) return false
      this.#db.exec('COMMIT')
      return true
    } catch {
      return false
    }
  }

  #read<T>(work: (parts: Parts) => T): T {
    try {
      this.#parts ??= partsOf(this.#db, this.#limits)
      return work(this.#parts)
    } catch (error) {
      throw workingError(error)
    }
  }
}

function partsOf(db: DatabaseSync, limits: Partial<CheckpointLimits>): Parts {
  const workflows = new WorkflowTables(db)
  const ledger = new TaskLedger(db, limits, id => workflows.fenceOf(id))
  const search = new TaskSearch(db, ledger.times)
  return { ledger, reads: new TaskReads(db), search, records: new QueueRecords(db), workflows }
}
