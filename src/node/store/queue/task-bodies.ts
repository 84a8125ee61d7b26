import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import type { Body, JsonText } from '../../../shared/queue/states/commands.ts'
import type { StoredTask } from '../../../shared/queue/store/store.ts'
import type { TaskHead } from '../../../shared/queue/task.ts'

const PARAMS = 0
const RESULT = 1
const BLOBS_PAGE = 1_000

const Params = z.object({ params: z.string() })
const Result = z.object({ result: z.string() })
const Blob = z.object({ slot: z.int(), cid: z.string(), size: z.int() })
const Cid = z.object({ cid: z.string() })
const Logs = z.object({ fence: z.int(), lines: z.string() })

/** What of a task only a reader of it wants: params, result, log lines, and references to blobs. */
export class TaskBodies {
  readonly #statements: ReturnType<typeof prepareStatements>

  constructor(db: DatabaseSync) {
    this.#statements = prepareStatements(db)
  }

  /** The text that stands in the task's request; params that are a blob are kept as a reference. */
  putParams(n: number, params: Body): JsonText {
    if (typeof params === 'string') return params
    this.#statements.insertBlob.run(n, PARAMS, params.blob, params.size)
    return ''
  }

  putResult(n: number, result: Body): void {
    if (typeof result === 'string') this.#statements.insertResult.run(n, result)
    else this.#statements.insertBlob.run(n, RESULT, result.blob, result.size)
  }

  /** Lines of one attempt; those of attempts that are no more in the task's history go. */
  putLogs(n: number, fence: number, lines: JsonText, head: TaskHead): void {
    this.#statements.writeLogs.run(n, fence, lines)
    this.#statements.dropOldLogs.run(n, head.attempts[0]?.fence ?? 0)
  }

  /** @param inline what stands in the task's request, where it is at hand */
  paramsOf(n: number, inline?: JsonText): Body {
    const text = inline ?? Params.parse(this.#statements.readParams.get(n)).params
    return text === '' ? (this.#blobOf(n, PARAMS) ?? '{}') : text
  }

  resultOf(n: number): Body | undefined {
    const row = this.#statements.readResult.get(n)
    return row === undefined ? this.#blobOf(n, RESULT) : Result.parse(row).result
  }

  logsOf(n: number): StoredTask['logs'] {
    return this.#statements.readLogs.all(n).map(row => Logs.parse(row))
  }

  /** Forgets the bodies of these tasks (a JSON array of numbers); the blobs that nothing refers to any more. */
  drop(numbers: JsonText): string[] {
    const { readCids, dropBlobs, dropRequests, dropResults, dropLogs } = this.#statements
    const cids = readCids.all(numbers).map(row => Cid.parse(row).cid)
    for (const drop of [dropBlobs, dropRequests, dropResults, dropLogs]) drop.run(numbers)
    return cids.filter(cid => !this.refersTo(cid))
  }

  refersTo(cid: string): boolean {
    return this.#statements.readBlob.get(cid) !== undefined
  }

  /** The next cids that are referred to, behind `after`, ascending. */
  blobs(after: string): string[] {
    return this.#statements.readBlobs.all(after, BLOBS_PAGE).map(row => Cid.parse(row).cid)
  }

  #blobOf(n: number, slot: number): Body | undefined {
    const row = this.#statements.readBlobOf.get(n, slot)
    if (row === undefined) return undefined
    const { cid, size } = Blob.parse(row)
    return { blob: cid, size }
  }
}

function prepareStatements(db: DatabaseSync) {
  const chosen = 'n IN (SELECT value FROM json_each(?))'
  return {
    insertBlob: db.prepare('INSERT INTO blobs VALUES (?, ?, ?, ?)'),
    insertResult: db.prepare('INSERT INTO results VALUES (?, ?)'),
    writeLogs: db.prepare('INSERT OR REPLACE INTO logs VALUES (?, ?, ?)'),
    dropOldLogs: db.prepare('DELETE FROM logs WHERE n = ? AND fence < ?'),
    readParams: db.prepare('SELECT params FROM requests WHERE n = ?'),
    readResult: db.prepare('SELECT result FROM results WHERE n = ?'),
    readLogs: db.prepare('SELECT fence, lines FROM logs WHERE n = ? ORDER BY fence'),
    readBlobOf: db.prepare('SELECT slot, cid, size FROM blobs WHERE n = ? AND slot = ?'),
    readBlob: db.prepare('SELECT 1 FROM blobs WHERE cid = ? LIMIT 1'),
    readBlobs: db.prepare('SELECT DISTINCT cid FROM blobs WHERE cid > ? ORDER BY cid LIMIT ?'),
    readCids: db.prepare(`SELECT DISTINCT cid FROM blobs WHERE ${chosen}`),
    dropBlobs: db.prepare(`DELETE FROM blobs WHERE ${chosen}`),
    dropRequests: db.prepare(`DELETE FROM requests WHERE ${chosen}`),
    dropResults: db.prepare(`DELETE FROM results WHERE ${chosen}`),
    dropLogs: db.prepare(`DELETE FROM logs WHERE ${chosen}`),
  }
}
