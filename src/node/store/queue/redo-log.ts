import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { z } from 'zod'
import type { Command } from '../../../shared/queue/states/commands.ts'
import { commandsFromText } from './command-codec.ts'

/** The store's counters before a transaction: its first change has the next `seq`, its first new task the next number. */
export interface LogPlace {
  seq: number
  made: number
}

/** What one transaction changed. */
export interface LogEntry extends LogPlace {
  id: number
  /** Without those that were refused. */
  commands: Command[]
}

const Row = z.object({ id: z.int(), seq: z.int(), made: z.int(), refused: z.string(), commands: z.string() })
const Refused = z.array(z.int())

/** Entries, and characters of them, from which on the log should be shortened. */
const LONG_ENTRIES = 1_024
const LONG_CHARS = 4 * 1024 * 1024

/**
 * The commands of the latest transactions, as text, until all that they changed stands in the tables. One row with
 * what a whole batch asked for is a fraction of the pages that its tasks' rows and indexes lie on, and that is all
 * that a commit has to wait for. `TaskLedger` says how it is read again.
 */
export class RedoLog {
  readonly #insert: StatementSync
  readonly #read: StatementSync
  readonly #delete: StatementSync
  /** What is in the log, oldest first. */
  readonly #lengths: { id: number; chars: number }[] = []
  #chars = 0
  #lastId = 0

  constructor(db: DatabaseSync) {
    this.#insert = db.prepare('INSERT INTO redo VALUES (?, ?, ?, ?, ?)')
    this.#read = db.prepare('SELECT id, seq, made, refused, commands FROM redo ORDER BY id')
    this.#delete = db.prepare('DELETE FROM redo WHERE id < ?')
  }

  /** The id of the next entry. */
  get next(): number {
    return this.#lastId + 1
  }

  get isLong(): boolean {
    return this.#lengths.length >= LONG_ENTRIES || this.#chars >= LONG_CHARS
  }

  /**
   * Part of a transaction.
   * @param commands a text of `commandsToText`
   * @param refused places of the commands that changed nothing
   */
  append({ seq, made }: LogPlace, commands: string, refused: readonly number[]): void {
    this.#insert.run(this.next, seq, made, JSON.stringify(refused), commands)
    this.#note(this.next, commands)
  }

  /** All of it, oldest first: once, before anything is appended. */
  *entries(): Generator<LogEntry> {
    for (const row of this.#read.iterate()) {
      const { id, seq, made, refused, commands } = Row.parse(row)
      const isRefused = new Set(Refused.parse(JSON.parse(refused)))
      this.#note(id, commands)
      yield {
        id,
        seq,
        made,
        commands: commandsFromText(commands).filter((_, index) => !isRefused.has(index)),
      }
    }
  }

  /** Forgets the entries before this id; part of a transaction. */
  dropBefore(id: number): void {
    const kept = this.#lengths.findIndex(entry => entry.id >= id)
    const dropped = this.#lengths.splice(0, kept === -1 ? this.#lengths.length : kept)
    if (dropped.length === 0) return
    for (const { chars } of dropped) this.#chars -= chars
    this.#delete.run(id)
  }

  #note(id: number, commands: string): void {
    this.#lastId = id
    this.#lengths.push({ id, chars: commands.length })
    this.#chars += commands.length
  }
}
