import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command, Reply } from '../../../shared/queue/states/commands.ts'
import {
  type CrashableStore,
  queueStoreProperties,
} from '../../../shared/queue/store/queue-store.property.ts'
import type { QueueStore } from '../../../shared/queue/store/store.ts'
import { QueueDatabase } from './queue-database.ts'
import { openQueueFile } from './queue-file.ts'
import type { CheckpointLimits } from './task-ledger.ts'

/**
 * A database whose files are copied as a killed process leaves them: its log may end anywhere in its last write. Each
 * commit may write a part of the tasks, so that some stand in the tables and others in the redo log alone.
 */
class CrashingDatabase implements CrashableStore {
  readonly #limits: CheckpointLimits
  readonly #folder = mkdtempSync(join(tmpdir(), 'toolmesh-crash-'))
  #run = 0
  /** Bytes of the log before and behind the last `apply`. */
  #logged = { before: 0, behind: 0 }
  #database: QueueDatabase

  constructor(limits: CheckpointLimits) {
    this.#limits = limits
    this.#database = this.#open()
  }

  get store(): QueueStore {
    const database = this.#database
    return {
      failure: undefined,
      apply: async commands => this.#apply(commands),
      get: async taskId => database.get(taskId),
      head: async taskId => database.head(taskId),
      result: async taskId => database.result(taskId),
      results: async taskIds => database.results(taskIds),
      referred: async cids => database.referred(cids),
      list: async filter => database.list(filter),
      counts: async () => database.counts(),
      lanes: async () => database.lanes(),
      waiting: async (lane, after, limit) => database.waiting(lane, after, limit),
      due: async (after, limit) => database.due(after, limit),
      openByKey: async (principal, prefix, after, limit) =>
        database.openByKey(principal, prefix, after, limit),
      running: async function* () {
        yield database.running(0).tasks
      },
      events: async (after, limit) => database.events(after, limit),
      records: async () => database.records(),
      putRecord: async (key, value) => database.putRecord(key, value),
      prune: async (endedBefore, max) => database.prune(endedBefore, max),
      blobs: async function* () {
        yield database.blobs('')
      },
      check: async () => database.check(),
      close: async () => database.close(),
    }
  }

  async crash(torn: number): Promise<{ store: QueueStore; kept: boolean }> {
    const old = this.#path
    this.#run += 1
    mkdirSync(join(this.#folder, String(this.#run)))
    copyFileSync(old, this.#path)
    const { before, behind } = this.#logged
    const left = before + Math.floor(torn * (behind - before))
    if (existsSync(`${old}-wal`)) {
      copyFileSync(`${old}-wal`, `${this.#path}-wal`)
      truncateSync(`${this.#path}-wal`, left)
    }
    this.#database.close()
    this.#database = this.#open()
    return { store: this.store, kept: left === behind }
  }

  async dispose(): Promise<void> {
    this.#database.close()
    rmSync(this.#folder, { recursive: true })
  }

  get #path(): string {
    return join(this.#folder, String(this.#run), 'tasks.db')
  }

  #open(): QueueDatabase {
    mkdirSync(join(this.#folder, String(this.#run)), { recursive: true })
    const database = new QueueDatabase(
      openQueueFile({ path: this.#path, synchronous: 'normal' }),
      this.#limits,
    )
    this.#logged = { before: this.#logSize(), behind: this.#logSize() }
    return database
  }

  #apply(commands: readonly Command[]): Reply[] {
    const before = this.#logSize()
    const replies = this.#database.apply(commands)
    this.#logged = { before, behind: this.#logSize() }
    return replies
  }

  #logSize(): number {
    return existsSync(`${this.#path}-wal`) ? statSync(`${this.#path}-wal`).size : 0
  }
}

for (const limits of [
  { unwritten: 0, perCheckpoint: 1 },
  { unwritten: 2, perCheckpoint: 2 },
  { unwritten: 1_000, perCheckpoint: 100 },
]) {
  const name = `QueueDatabase (${limits.unwritten} tasks unwritten)`
  queueStoreProperties(name, async () => new CrashingDatabase(limits), 100)
}
