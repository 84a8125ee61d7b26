import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import type { PendingRequest } from '../../../shared/workflow/store/store.ts'
import { BodyColumns, bodyColumns, bodyFrom } from './stored-body.ts'

const Row = BodyColumns.extend({ id: z.int(), request: z.string() })
const Count = z.object({ waiting: z.int() })
const Cid = z.object({ cid: z.string() })

/** What was asked of workflows and is not carried out. All but the reads are part of a transaction. */
export class WorkflowRequests {
  readonly #statements: ReturnType<typeof prepareStatements>

  constructor(db: DatabaseSync) {
    this.#statements = prepareStatements(db)
  }

  add(content: number, { request, body }: Omit<PendingRequest, 'id'>): number {
    const columns = body === undefined ? [null, null, null] : bodyColumns(body)
    return Number(this.#statements.add.run(content, JSON.stringify(request), ...columns).lastInsertRowid)
  }

  /** How many there are. */
  count(content: number): number {
    return Count.parse(this.#statements.count.get(content)).waiting
  }

  of(content: number): PendingRequest[] {
    return this.#statements.read.all(content).map(row => {
      const { id, request, ...columns } = Row.parse(row)
      const body = bodyFrom(columns)
      return { id, request: JSON.parse(request), ...(body === undefined ? {} : { body }) }
    })
  }

  /** Carried out. */
  remove(content: number, ids: readonly number[]): void {
    for (const id of ids) this.#statements.remove.run(id, content)
  }

  /** Forgets those of a workflow; `cids` of blobs that they referred to, `rows` that are gone. */
  drop(content: number): { cids: string[]; rows: number } {
    const cids = this.#statements.readCids.all(content).map(row => Cid.parse(row).cid)
    return { cids, rows: Number(this.#statements.drop.run(content).changes) }
  }

  refersTo(cid: string): boolean {
    return this.#statements.readCid.get(cid) !== undefined
  }

  /** The next cids that are referred to, behind `after`, ascending. */
  blobs(after: string, limit: number): string[] {
    return this.#statements.readBlobs.all(after, limit).map(row => Cid.parse(row).cid)
  }
}

function prepareStatements(db: DatabaseSync) {
  return {
    add: db.prepare(
      'INSERT INTO workflow_requests (content, request, body, cid, size) VALUES (?, ?, ?, ?, ?)',
    ),
    read: db.prepare(
      'SELECT id, request, body, cid, size FROM workflow_requests WHERE content = ? ORDER BY id',
    ),
    count: db.prepare('SELECT count(*) AS waiting FROM workflow_requests WHERE content = ?'),
    remove: db.prepare('DELETE FROM workflow_requests WHERE id = ? AND content = ?'),
    readCids: db.prepare('SELECT cid FROM workflow_requests WHERE content = ? AND cid IS NOT NULL'),
    drop: db.prepare('DELETE FROM workflow_requests WHERE content = ?'),
    readCid: db.prepare('SELECT 1 FROM workflow_requests WHERE cid = ? LIMIT 1'),
    readBlobs: db.prepare('SELECT DISTINCT cid FROM workflow_requests WHERE cid > ? ORDER BY cid LIMIT ?'),
  }
}
