import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import { StoreUnavailableError } from '../../../shared/queue/errors.ts'
import { hasRequestRoom } from '../../../shared/workflow/store/request-room.ts'
import type {
  AppendReply,
  Claim,
  KeptBody,
  PendingRequest,
  StoredDefinition,
  WorkflowFilter,
} from '../../../shared/workflow/store/store.ts'
import type { Body, WorkflowState } from '../../../shared/workflow/workflow.ts'
import type { KeyColumns } from './stored-body.ts'
import { headFrom, type StoredHead, type StoredProgress } from './stored-head.ts'
import { WorkflowBodies } from './workflow-bodies.ts'
import { WorkflowDefinitions } from './workflow-definitions.ts'
import { WorkflowEvents } from './workflow-events.ts'
import { WorkflowRequests } from './workflow-requests.ts'
import { WorkflowSearch } from './workflow-search.ts'
import { WorkflowTable } from './workflow-table.ts'

/** Events of a workflow as text: a JSON array, with the numbers of its first and last. */
export interface StoredEvents {
  first: number
  last: number
  text: string
}

export interface StoredNewWorkflow {
  head: StoredHead
  request_cid: string | undefined
  idempotency_key: string | undefined
  parent: string | undefined
  events: StoredEvents | undefined
  bodies: KeptBody[]
}

export interface StoredAppend {
  workflow_id: string
  fence: number
  /** Undefined: none. `gap`: they do not follow on each other. */
  events: StoredEvents | 'gap' | undefined
  bodies: KeptBody[]
  progress: StoredProgress
  requests_done: number[]
}

export interface StoredPage {
  events: StoredEvents | undefined
  bodies: KeptBody[]
  requests: Omit<PendingRequest, 'id'>[]
}

/** `refusal` with the head of who has the id or the key. */
export type StoredCreateReply = 'created' | { refusal: 'duplicate' | 'conflict'; head: StoredHead }

/** The request's id and who is to carry it out (empty: nobody has it), or why it was not written down. */
export type StoredRequestReply =
  | { id: number; owner: string }
  | { refused: 'not_found' | 'full' }
  | { refused: 'moved' | 'moving'; to: string }

/** Rows that one prune deletes: it goes on with the next, so that no commit waits long behind it. */
const PRUNE_ROWS = 20_000
const BLOBS_PAGE = 1_000

const Adoption = z.object({ content: z.int() })

/**
 * All that the file has of workflows. What changes something is part of a transaction; after one that was not kept all
 * of it is thrown away and made anew.
 */
export class WorkflowTables {
  readonly #table: WorkflowTable
  readonly #events: WorkflowEvents
  readonly #bodies: WorkflowBodies
  readonly #requests: WorkflowRequests
  readonly #definitions: WorkflowDefinitions
  readonly #search: WorkflowSearch
  readonly #statements: ReturnType<typeof prepareStatements>

  constructor(db: DatabaseSync) {
    this.#table = new WorkflowTable(db)
    this.#events = new WorkflowEvents(db)
    this.#bodies = new WorkflowBodies(db)
    this.#requests = new WorkflowRequests(db)
    this.#definitions = new WorkflowDefinitions(db)
    this.#search = new WorkflowSearch(db, this.#table)
    this.#statements = prepareStatements(db)
  }

  fenceOf(workflowId: string): number | undefined {
    return this.#table.fenceOf(workflowId)
  }

  create(workflows: readonly StoredNewWorkflow[]): StoredCreateReply[] {
    return workflows.map(({ head, request_cid, parent, idempotency_key, events, bodies }) => {
      const taken = this.#table.head(head.workflow_id) ?? this.#holderOf(head, idempotency_key)
      if (taken !== undefined) {
        const isEqual = request_cid !== undefined && headFrom(taken).request_cid === request_cid
        return { refusal: isEqual ? 'duplicate' : 'conflict', head: taken }
      }
      const content = this.#table.insert({ head, parent, idempotency_key })
      if (events !== undefined) this.#events.add(content, events.last, events.text)
      this.#bodies.put(content, bodies)
      return 'created'
    })
  }

  append(appends: readonly StoredAppend[]): AppendReply[] {
    return appends.map((append): AppendReply => {
      const { fence, events, bodies, progress, requests_done } = append
      const place = this.#table.place(append.workflow_id)
      if (place === undefined) return { done: false, refusal: 'not_found' }
      if (place.fence !== fence) return { done: false, refusal: 'stale_fence' }
      if (events === 'gap' || !goesOn(place.seq, events, progress.seq))
        return { done: false, refusal: 'conflict' }
      if (events !== undefined) this.#events.add(place.content, events.last, events.text)
      this.#bodies.put(place.content, bodies)
      this.#table.progress(place, progress)
      this.#requests.remove(place.content, requests_done)
      return { done: true }
    })
  }

  claim(claims: readonly Claim[]): (StoredHead | undefined)[] {
    return claims.map(({ workflow_id, fence, owner }) => {
      const place = this.#table.place(workflow_id)
      if (place === undefined || place.fence !== fence || place.moved_to !== null) return undefined
      this.#table.claim(place.n, owner ?? '', fence + 1)
      return this.#table.head(workflow_id)
    })
  }

  request(workflowId: string, request: Omit<PendingRequest, 'id'>): StoredRequestReply {
    const place = this.#table.place(workflowId)
    const stored = this.#table.head(workflowId)
    if (place === undefined || stored === undefined) return { refused: 'not_found' }
    const { moved_to, handover } = headFrom(stored)
    if (moved_to !== undefined) return { refused: 'moved', to: moved_to }
    if (handover !== undefined) return { refused: 'moving', to: handover.to }
    if (!hasRequestRoom(this.#requests.count(place.content), request.request)) return { refused: 'full' }
    return { id: this.#requests.add(place.content, request), owner: stored.owner }
  }

  requests(workflowId: string): PendingRequest[] {
    const place = this.#table.place(workflowId)
    return place === undefined ? [] : this.#requests.of(place.content)
  }

  head(workflowId: string): StoredHead | undefined {
    return this.#table.head(workflowId)
  }

  list(filter: WorkflowFilter): { workflows: StoredHead[]; next_cursor?: string } {
    return this.#search.list(filter)
  }

  counts(): Record<WorkflowState, number> {
    return this.#table.counts()
  }

  owners(): string[] {
    return this.#table.owners()
  }

  owned(owner: string, after: string, limit: number): StoredHead[] {
    return this.#table.owned(owner, after, limit)
  }

  /** Open workflows of none of these, by id. */
  orphans(alive: readonly string[], after: string, limit: number): StoredHead[] {
    const living = new Set(alive)
    return this.#table
      .owners()
      .filter(owner => !living.has(owner))
      .flatMap(owner => this.#table.owned(owner, after, limit))
      .sort((a, b) => (a.workflow_id < b.workflow_id ? -1 : 1))
      .slice(0, limit)
  }

  /** Rows of events, the first of which may begin before `after`. */
  events(workflowId: string, after: number, limit: number): { rows: string[]; last: number } {
    const place = this.#table.place(workflowId)
    if (place === undefined) return { rows: [], last: 0 }
    return { rows: this.#events.read(place.content, after, limit), last: place.seq }
  }

  /** As many of the first ones as one message should carry; for no workflow: undefined for each. */
  bodies(workflowId: string, keys: readonly KeyColumns[]): (Body | undefined)[] {
    const place = this.#table.place(workflowId)
    return place === undefined ? keys.map(() => undefined) : this.#bodies.read(place.content, keys)
  }

  /** As `bodies`. */
  itemOutputs(
    workflowId: string,
    { step, generation }: { step: string; generation: number },
    from: number,
    limit: number,
  ): (Body | undefined)[] {
    const place = this.#table.place(workflowId)
    if (place === undefined) return Array.from({ length: limit }, () => undefined)
    return this.#bodies.items(place.content, step, generation, from, limit)
  }

  allBodies(workflowId: string, after: KeyColumns): { bodies: KeptBody[]; last: KeyColumns | undefined } {
    const place = this.#table.place(workflowId)
    return place === undefined ? { bodies: [], last: undefined } : this.#bodies.page(place.content, after)
  }

  putDefinition(definition: StoredDefinition): boolean {
    return this.#definitions.put(definition)
  }

  definition(name: string, version?: string): StoredDefinition | undefined {
    return this.#definitions.find(name, version)
  }

  definitions(filter: {
    name?: string
    after?: { name: string; version: string }
    limit: number
  }): Omit<StoredDefinition, 'definition'>[] {
    return this.#definitions.list(filter)
  }

  /** The number under which pages of a workflow are kept until all of them have come. */
  beginAdoption(): number {
    const { least, begin } = this.#statements
    const row = least.get()
    const content = Math.min(row === undefined ? 0 : Adoption.parse(row).content, 0) - 1
    begin.run(content)
    return content
  }

  adoptPage(content: number, { events, bodies, requests }: StoredPage): void {
    if (events !== undefined) this.#events.add(content, events.last, events.text)
    this.#bodies.put(content, bodies)
    for (const request of requests) this.#requests.add(content, request)
  }

  /** What has come takes the place of what was here of it. */
  endAdoption(
    content: number,
    { head, parent, idempotency_key }: Pick<StoredNewWorkflow, 'head' | 'parent' | 'idempotency_key'>,
  ): void {
    const before = this.#table.place(head.workflow_id)
    if (before !== undefined) {
      this.#table.delete(before)
      this.#drop(before.content)
    }
    const isFree = this.#holderOf(head, idempotency_key) === undefined
    const key = isFree ? idempotency_key : undefined
    this.#table.insert({ head, parent, idempotency_key: key, content })
    this.#statements.finish.run(content)
  }

  /** Forgets what has come of it. */
  dropAdoption(content: number): void {
    this.#drop(content)
  }

  /** Forgets what never came whole: nobody else can be at it when the file is opened. */
  dropUnfinished(): void {
    const unfinished = this.#statements.unfinished.all().map(row => Adoption.parse(row).content)
    for (const content of unfinished) this.#drop(content)
  }

  /** See `WorkflowStore.prune`. */
  prune(endedBefore: number, max: number): { workflows: number; blobs: string[] } {
    const cids = new Set<string>()
    let workflows = 0
    let rows = 0
    for (const id of this.#table.ended(endedBefore, max)) {
      const place = this.#table.place(id)
      if (place === undefined) throw new StoreUnavailableError('its index of ended workflows is damaged')
      this.#table.delete(place)
      const dropped = this.#drop(place.content)
      for (const cid of dropped.cids) cids.add(cid)
      workflows += 1
      rows += dropped.rows
      if (rows > PRUNE_ROWS) break
    }
    return { workflows, blobs: [...cids].filter(cid => !this.#refersTo(cid)) }
  }

  referred(cids: readonly string[]): string[] {
    return cids.filter(cid => this.#refersTo(cid))
  }

  /** The next cids that are referred to, behind `after`, ascending. */
  blobs(after: string): string[] {
    const found = [...this.#bodies.blobs(after, BLOBS_PAGE), ...this.#requests.blobs(after, BLOBS_PAGE)]
    return [...new Set(found)].sort().slice(0, BLOBS_PAGE)
  }

  #holderOf({ principal }: StoredHead, key: string | undefined): StoredHead | undefined {
    return key === undefined ? undefined : this.#table.holderOf(principal, key)
  }

  #refersTo(cid: string): boolean {
    return this.#bodies.refersTo(cid) || this.#requests.refersTo(cid)
  }

  #drop(content: number): { cids: string[]; rows: number } {
    const bodies = this.#bodies.drop(content)
    const requests = this.#requests.drop(content)
    const events = this.#events.drop(content)
    if (content < 0) this.#statements.drop.run(content)
    return {
      cids: [...bodies.cids, ...requests.cids],
      rows: bodies.rows + requests.rows + events,
    }
  }
}

/** Whether events and the head behind them follow on what is there. */
function goesOn(latest: number, events: StoredEvents | undefined, seq: number): boolean {
  return events === undefined ? seq === latest : events.first === latest + 1 && events.last === seq
}

function prepareStatements(db: DatabaseSync) {
  return {
    least: db.prepare('SELECT content FROM workflow_adoptions ORDER BY content LIMIT 1'),
    begin: db.prepare('INSERT INTO workflow_adoptions VALUES (?, 0)'),
    finish: db.prepare('UPDATE workflow_adoptions SET done = 1 WHERE content = ?'),
    drop: db.prepare('DELETE FROM workflow_adoptions WHERE content = ?'),
    unfinished: db.prepare('SELECT content FROM workflow_adoptions WHERE done = 0'),
  }
}
