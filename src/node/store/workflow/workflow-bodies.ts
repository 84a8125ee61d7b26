import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import type { KeptBody } from '../../../shared/workflow/store/store.ts'
import type { Body } from '../../../shared/workflow/workflow.ts'
import {
  BodyColumns,
  bodyColumns,
  bodyFrom,
  columnsOf,
  type KeyColumns,
  KIND_CODES,
  keyFrom,
} from './stored-body.ts'

/** Characters of bodies in one message between the threads, beyond which it ends. */
const PAGE_CHARS = 8 * 1024 * 1024
const PAGE_ROWS = 1_000

const Item = BodyColumns.extend({ item: z.int() })
const Whole = Item.extend({ kind: z.int(), name: z.string(), number: z.int() })
const Cid = z.object({ cid: z.string() })

/** Bodies of workflows, by what they are of. All but the reads are part of a transaction. */
export class WorkflowBodies {
  readonly #statements: ReturnType<typeof prepareStatements>

  constructor(db: DatabaseSync) {
    this.#statements = prepareStatements(db)
  }

  put(content: number, bodies: readonly KeptBody[]): void {
    for (const { key, body } of bodies)
      this.#statements.put.run(content, ...columnsOf(key), ...bodyColumns(body))
  }

  /** In the order of the keys, as many of the first ones as one message should carry. */
  read(content: number, keys: readonly KeyColumns[]): (Body | undefined)[] {
    const found: (Body | undefined)[] = []
    let chars = 0
    for (const key of keys) {
      const row = this.#statements.read.get(content, ...key)
      const body = row === undefined ? undefined : bodyFrom(BodyColumns.parse(row))
      found.push(body)
      chars += charsOf(body)
      if (chars > PAGE_CHARS) break
    }
    return found
  }

  /** Outputs of a step's items from `from` on: as many of `limit` as one message should carry. */
  items(
    content: number,
    step: string,
    generation: number,
    from: number,
    limit: number,
  ): (Body | undefined)[] {
    const rows = this.#statements.readItems.iterate(
      content,
      KIND_CODES.output,
      step,
      generation,
      from,
      from + limit,
    )
    const found: (Body | undefined)[] = []
    let chars = 0
    for (const row of rows) {
      const { item, ...columns } = Item.parse(row)
      while (found.length < item - from) found.push(undefined)
      const body = bodyFrom(columns)
      found.push(body)
      chars += charsOf(body)
      if (chars > PAGE_CHARS) return found
    }
    while (found.length < limit) found.push(undefined)
    return found
  }

  /** The next page behind a key, and the key of its last; none of both at the end. */
  page(content: number, after: KeyColumns): { bodies: KeptBody[]; last: KeyColumns | undefined } {
    const bodies: KeptBody[] = []
    let last: KeyColumns | undefined
    let chars = 0
    for (const row of this.#statements.readPage.iterate(content, ...after, PAGE_ROWS)) {
      const { kind, name, number, item, ...columns } = Whole.parse(row)
      const body = bodyFrom(columns)
      last = [kind, name, number, item]
      if (body !== undefined) bodies.push({ key: keyFrom(last), body })
      chars += charsOf(body)
      if (chars > PAGE_CHARS) break
    }
    return { bodies, last }
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

function charsOf(body: Body | undefined): number {
  return typeof body === 'string' ? body.length : 0
}

function prepareStatements(db: DatabaseSync) {
  const key = 'content = ? AND kind = ? AND name = ? AND number = ?'
  return {
    put: db.prepare(`INSERT INTO workflow_bodies (content, kind, name, number, item, body, cid, size)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (content, kind, name, number, item)
      DO UPDATE SET body = excluded.body, cid = excluded.cid, size = excluded.size`),
    read: db.prepare(`SELECT body, cid, size FROM workflow_bodies WHERE ${key} AND item = ?`),
    readItems: db.prepare(`SELECT item, body, cid, size FROM workflow_bodies
      WHERE ${key} AND item >= ? AND item < ? ORDER BY item`),
    readPage: db.prepare(`SELECT kind, name, number, item, body, cid, size FROM workflow_bodies
      WHERE content = ? AND (kind, name, number, item) > (?, ?, ?, ?) ORDER BY kind, name, number, item LIMIT ?`),
    readCids: db.prepare('SELECT cid FROM workflow_bodies WHERE content = ? AND cid IS NOT NULL'),
    drop: db.prepare('DELETE FROM workflow_bodies WHERE content = ?'),
    readCid: db.prepare('SELECT 1 FROM workflow_bodies WHERE cid = ? LIMIT 1'),
    readBlobs: db.prepare('SELECT DISTINCT cid FROM workflow_bodies WHERE cid > ? ORDER BY cid LIMIT ?'),
  }
}
