import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import { WORKFLOW_STATES, type WorkflowState } from '../../../shared/workflow/workflow.ts'
import { StoredHead, type StoredProgress, shelfOf } from './stored-head.ts'

/** Columns of a head, as `StoredHead` has them. */
const HEAD_COLUMNS =
  'w.n, w.workflow_id, w.name, w.principal, w.state, w.owner, w.fence, w.seq, w.ended_at, ' +
  ' w.moved_to, w.progress, o.origin'

/** A workflow as it comes: its head, and what it is looked for by. */
export interface NewRow {
  head: StoredHead
  parent: string | undefined
  /** Undefined also where another workflow has it. */
  idempotency_key: string | undefined
  /** What its events and bodies stand under; default: its number. */
  content?: number
}

/** What an append, a claim or a request has to know of a workflow. */
const Place = z.object({
  n: z.int(),
  content: z.int(),
  state: z.int(),
  fence: z.int(),
  seq: z.int(),
  ended_at: z.int().nullable(),
  moved_to: z.string().nullable(),
})
export type WorkflowPlace = z.infer<typeof Place>

const Counted = z.object({ state: z.int(), workflows: z.int() })
const Owner = z.object({ owner: z.string() })
const Fence = z.object({ fence: z.int() })
const Ended = z.object({ workflow_id: z.string() })

/** Heads of workflows. All but the reads are part of a transaction; after one that was not kept it is made anew. */
export class WorkflowTable {
  readonly #statements: ReturnType<typeof prepareStatements>
  /** By the place of the state; without those that were handed over. */
  #counts: number[] | undefined

  constructor(db: DatabaseSync) {
    this.#statements = prepareStatements(db)
  }

  fenceOf(workflowId: string): number | undefined {
    const row = this.#statements.readFence.get(workflowId)
    return row === undefined ? undefined : Fence.parse(row).fence
  }

  place(workflowId: string): WorkflowPlace | undefined {
    const row = this.#statements.readPlace.get(workflowId)
    return row === undefined ? undefined : Place.parse(row)
  }

  head(workflowId: string): StoredHead | undefined {
    const row = this.#statements.readHead.get(workflowId)
    return row === undefined ? undefined : StoredHead.parse(row)
  }

  /** By its number. */
  headAt(n: number): StoredHead | undefined {
    const row = this.#statements.readHeadAt.get(n)
    return row === undefined ? undefined : StoredHead.parse(row)
  }

  /** The workflow that has the principal's idempotency key. */
  holderOf(principal: string, key: string): StoredHead | undefined {
    const row = this.#statements.readHolder.get(principal, key)
    return row === undefined ? undefined : StoredHead.parse(row)
  }

  /** Gives its `content`. */
  insert({ head, parent, idempotency_key, content }: NewRow): number {
    const { workflow_id, name, principal, owner, fence } = head
    const { state, seq, ended_at, moved_to, progress } = head
    const { lastInsertRowid } = this.#statements.insert.run(
      content ?? 0,
      workflow_id,
      name,
      principal,
      parent ?? null,
      idempotency_key ?? null,
      state,
      shelf(state),
      owner,
      fence,
      seq,
      ended_at,
      moved_to,
      progress,
    )
    const n = Number(lastInsertRowid)
    if (content === undefined) this.#statements.setContent.run(n, n)
    this.#statements.insertOrigin.run(n, head.origin)
    this.#count(state, moved_to, 1)
    return content ?? n
  }

  /** What its owner writes of it. */
  progress(place: WorkflowPlace, { state, seq, ended_at, moved_to, progress }: StoredProgress): void {
    const { n } = place
    // The indexes are rewritten by what names their columns, whether these change or not.
    if (ended_at === place.ended_at && moved_to === place.moved_to && shelf(state) === shelf(place.state))
      this.#statements.goOn.run(state, seq, progress, n)
    else this.#statements.end.run(state, shelf(state), seq, ended_at, moved_to, progress, n)
    this.#count(place.state, place.moved_to, -1)
    this.#count(state, moved_to, 1)
  }

  claim(n: number, owner: string, fence: number): void {
    this.#statements.claim.run(owner, fence, n)
  }

  /** The head goes; its number, to make a place for another one of its id. */
  delete({ n, state, moved_to }: WorkflowPlace): void {
    this.#statements.delete.run(n)
    this.#statements.deleteOrigin.run(n)
    this.#count(state, moved_to, -1)
  }

  /** Open workflows of an owner, by id. */
  owned(owner: string, after: string, limit: number): StoredHead[] {
    return this.#statements.readOwned.all(owner, after, limit).map(row => StoredHead.parse(row))
  }

  /** Who owns open workflows; empty: nobody. */
  owners(): string[] {
    return this.#statements.readOwners.all().map(row => Owner.parse(row).owner)
  }

  /** Ids of workflows that ended before a time, the oldest first. */
  ended(before: number, limit: number): string[] {
    return this.#statements.readEnded.all(before, limit).map(row => Ended.parse(row).workflow_id)
  }

  counts(): Record<WorkflowState, number> {
    this.#counts ??= this.#readCounts()
    const [running = 0, waiting = 0, succeeded = 0, failed = 0, cancelled = 0] = this.#counts
    return { running, waiting, succeeded, failed, cancelled }
  }

  #readCounts(): number[] {
    const counts = WORKFLOW_STATES.map(() => 0)
    for (const row of this.#statements.count.all()) {
      const { state, workflows } = Counted.parse(row)
      counts[state] = workflows
    }
    return counts
  }

  #count(state: number, movedTo: string | null, by: 1 | -1): void {
    if (this.#counts === undefined || movedTo !== null) return
    this.#counts[state] = (this.#counts[state] ?? 0) + by
  }
}

function shelf(code: number): number {
  return shelfOf(WORKFLOW_STATES[code] ?? 'running')
}

function prepareStatements(db: DatabaseSync) {
  const head = `SELECT ${HEAD_COLUMNS} FROM workflows w JOIN workflow_origins o ON o.n = w.n`
  return {
    readFence: db.prepare('SELECT fence FROM workflows WHERE workflow_id = ?'),
    readPlace: db.prepare(
      'SELECT n, content, state, fence, seq, ended_at, moved_to FROM workflows WHERE workflow_id = ?',
    ),
    readHead: db.prepare(`${head} WHERE w.workflow_id = ?`),
    readHeadAt: db.prepare(`${head} WHERE w.n = ?`),
    readHolder: db.prepare(`${head} WHERE w.principal = ? AND w.idempotency_key = ?`),
    insert:
      db.prepare(`INSERT INTO workflows (content, workflow_id, name, principal, parent, idempotency_key, state,
      shelf, owner, fence, seq, ended_at, moved_to, progress) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    setContent: db.prepare('UPDATE workflows SET content = ? WHERE n = ?'),
    insertOrigin: db.prepare('INSERT INTO workflow_origins VALUES (?, ?)'),
    goOn: db.prepare('UPDATE workflows SET state = ?, seq = ?, progress = ? WHERE n = ?'),
    end: db.prepare(
      'UPDATE workflows SET state = ?, shelf = ?, seq = ?, ended_at = ?, moved_to = ?, progress = ? WHERE n = ?',
    ),
    claim: db.prepare('UPDATE workflows SET owner = ?, fence = ? WHERE n = ?'),
    delete: db.prepare('DELETE FROM workflows WHERE n = ?'),
    deleteOrigin: db.prepare('DELETE FROM workflow_origins WHERE n = ?'),
    readOwned: db.prepare(
      `${head} WHERE w.ended_at IS NULL AND w.owner = ? AND w.workflow_id > ? ORDER BY w.workflow_id LIMIT ?`,
    ),
    // One look into the index for each owner, however many workflows it has.
    readOwners: db.prepare(`WITH RECURSIVE each_owner (owner) AS (
      SELECT min(owner) FROM workflows WHERE ended_at IS NULL UNION ALL
      SELECT (SELECT min(owner) FROM workflows WHERE ended_at IS NULL AND owner > each_owner.owner)
      FROM each_owner WHERE owner IS NOT NULL)
      SELECT owner FROM each_owner WHERE owner IS NOT NULL`),
    readEnded: db.prepare('SELECT workflow_id FROM workflows WHERE ended_at < ? ORDER BY ended_at LIMIT ?'),
    count: db.prepare(
      'SELECT state, count(*) AS workflows FROM workflows WHERE moved_to IS NULL GROUP BY state',
    ),
  }
}
