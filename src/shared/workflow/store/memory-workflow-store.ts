import type { Clock } from '../../clock.ts'
import { WorkflowMovedError, WorkflowNotFoundError } from '../errors.ts'
import {
  type Body,
  type BodyKey,
  WORKFLOW_STATES,
  type WorkflowEvent,
  type WorkflowHead,
  type WorkflowRequest,
  type WorkflowState,
} from '../workflow.ts'
import { bodyKeyText } from './body-key.ts'
import { EngineRegister } from './engine-register.ts'
import { HintFeed } from './hint-feed.ts'
import { ensureRequestRoom } from './request-room.ts'
import type {
  AdoptedPage,
  Append,
  AppendReply,
  Claim,
  CreateReply,
  EngineEntry,
  KeptBody,
  NewWorkflow,
  PendingRequest,
  StoredDefinition,
  StoreHint,
  WorkflowEventPage,
  WorkflowFilter,
  WorkflowPage,
  WorkflowStore,
} from './store.ts'
import { cursorOf, parseCursor } from './workflow-cursor.ts'

interface Entry {
  /** Counts the workflows as they came. */
  order: number
  head: WorkflowHead
  events: WorkflowEvent[]
  bodies: Map<string, KeptBody>
  requests: PendingRequest[]
}

const PAGE = 1_000
/** Workflows in memory only: for tests, and for a node that need not outlive its process. */
export class MemoryWorkflowStore implements WorkflowStore {
  readonly #entries = new Map<string, Entry>()
  readonly #byKey = new Map<string, Entry>()
  readonly #engines: EngineRegister
  /** By name, each by version, in the order in which they were made. */
  readonly #definitions = new Map<string, Map<string, StoredDefinition>>()
  readonly #hints = new HintFeed()
  #made = 0
  #requested = 0

  constructor({ clock }: { clock: Pick<Clock, 'monotonic'> }) {
    this.#engines = new EngineRegister(clock)
  }

  /** What a submit with a guard is held against; undefined for no workflow. */
  fenceOf(workflowId: string): number | undefined {
    return this.#entries.get(workflowId)?.head.fence
  }

  async renew(
    engine: { engine_id: string; node: string; draining: boolean },
    leaseMs: number,
  ): Promise<EngineEntry[]> {
    this.#engines.renew(engine, leaseMs)
    const old = this.#engines.forgettable()
    if (old.length > 0) this.#engines.forget(old, this.#owners())
    return this.#engines.entries()
  }

  async leave(engineId: string): Promise<void> {
    this.#engines.leave(engineId)
  }

  async orphans(after: string | undefined, limit: number): Promise<WorkflowHead[]> {
    return this.#open(after, limit, ({ owner }) => !this.#engines.isAlive(owner))
  }

  async owned(engineId: string, after: string | undefined, limit: number): Promise<WorkflowHead[]> {
    return this.#open(after, limit, ({ owner }) => owner === engineId)
  }

  async claim(claims: readonly Claim[]): Promise<(WorkflowHead | undefined)[]> {
    return claims.map(({ workflow_id, fence, owner }) => {
      const entry = this.#entries.get(workflow_id)
      if (entry?.head.fence !== fence || entry.head.moved_to !== undefined) return undefined
      const { owner: _before, ...head } = entry.head
      entry.head = { ...head, ...(owner === undefined ? {} : { owner }), fence: fence + 1 }
      this.#hint('assigned', entry.head)
      return structuredClone(entry.head)
    })
  }

  async create(workflows: readonly NewWorkflow[]): Promise<CreateReply[]> {
    return workflows.map(({ head, events, bodies }) => {
      const { workflow_id, request_cid } = head
      const taken = this.#entries.get(workflow_id) ?? this.#holderOf(head)
      if (taken !== undefined) {
        const isEqual = request_cid !== undefined && taken.head.request_cid === request_cid
        return {
          created: false,
          refusal: isEqual ? 'duplicate' : 'conflict',
          head: structuredClone(taken.head),
        }
      }
      this.#add({ head, events, bodies, requests: [] })
      this.#hint('assigned', head)
      return { created: true }
    })
  }

  async append(appends: readonly Append[]): Promise<AppendReply[]> {
    return appends.map(append => this.#append(append))
  }

  async request(workflowId: string, request: WorkflowRequest, body?: Body): Promise<number> {
    const entry = this.#entries.get(workflowId)
    if (entry === undefined) throw new WorkflowNotFoundError(workflowId)
    const { moved_to, handover } = entry.head
    if (moved_to !== undefined) throw new WorkflowMovedError(workflowId, moved_to, false)
    if (handover !== undefined) throw new WorkflowMovedError(workflowId, handover.to, true)
    ensureRequestRoom(entry.requests.length, request)
    this.#requested += 1
    const pending = { id: this.#requested, request, ...(body === undefined ? {} : { body }) }
    entry.requests.push(structuredClone(pending))
    this.#hint('requested', entry.head)
    return pending.id
  }

  async requests(workflowId: string): Promise<PendingRequest[]> {
    return structuredClone(this.#entries.get(workflowId)?.requests ?? [])
  }

  async head(workflowId: string): Promise<WorkflowHead | undefined> {
    return structuredClone(this.#entries.get(workflowId)?.head)
  }

  async list(filter: WorkflowFilter): Promise<WorkflowPage> {
    const from = parseCursor(filter.cursor)
    const sign = filter.order === 'newest' ? -1 : 1
    const found = [...this.#entries.values()]
      .filter(({ head }) => matches(head, filter))
      .sort((a, b) => sign * (a.order - b.order))
      .filter(({ order }) => from === undefined || sign * (order - from) > 0)
    const page = found.slice(0, filter.limit)
    const last = page.at(-1)
    return {
      workflows: page.map(({ head }) => structuredClone(head)),
      ...(last !== undefined && found.length > page.length ? { next_cursor: cursorOf(last.order) } : {}),
    }
  }

  async counts(): Promise<Record<WorkflowState, number>> {
    const counts = { running: 0, waiting: 0, succeeded: 0, failed: 0, cancelled: 0 }
    for (const { head } of this.#entries.values()) if (head.moved_to === undefined) counts[head.state] += 1
    return counts
  }

  async events(workflowId: string, after: number, limit: number): Promise<WorkflowEventPage> {
    const events = this.#entries.get(workflowId)?.events ?? []
    return {
      events: structuredClone(events.slice(Math.max(after, 0), Math.max(after, 0) + limit)),
      last: events.length,
    }
  }

  async bodies(workflowId: string, keys: readonly BodyKey[]): Promise<(Body | undefined)[]> {
    const kept = this.#entries.get(workflowId)?.bodies
    return keys.map(key => structuredClone(kept?.get(bodyKeyText(key))?.body))
  }

  itemOutputs(
    workflowId: string,
    { step, generation }: { step: string; generation: number },
    from: number,
    limit: number,
  ): Promise<(Body | undefined)[]> {
    const keys = Array.from({ length: limit }, (_, at): BodyKey => {
      return { of: 'output', step, generation, item: from + at }
    })
    return this.bodies(workflowId, keys)
  }

  async putDefinition(definition: StoredDefinition): Promise<boolean> {
    const versions = this.#definitions.get(definition.name) ?? new Map<string, StoredDefinition>()
    const before = versions.get(definition.version)
    if (before !== undefined) return before.definition_cid === definition.definition_cid
    versions.set(definition.version, structuredClone(definition))
    this.#definitions.set(definition.name, versions)
    return true
  }

  async definition(name: string, version?: string): Promise<StoredDefinition | undefined> {
    const versions = this.#definitions.get(name)
    const found = version === undefined ? [...(versions?.values() ?? [])].at(-1) : versions?.get(version)
    return structuredClone(found)
  }

  async definitions(filter: {
    name?: string
    after?: { name: string; version: string }
    limit: number
  }): Promise<Omit<StoredDefinition, 'definition'>[]> {
    const { name, after, limit } = filter
    return [...this.#definitions.values()]
      .flatMap(versions => [...versions.values()])
      .filter(each => name === undefined || each.name === name)
      .sort((a, b) => compare(a.name, b.name) || compare(a.version, b.version))
      .filter(each => after === undefined || isBehind(each, after))
      .slice(0, limit)
      .map(({ definition: _whole, ...rest }) => structuredClone(rest))
  }

  async adopt(pages: AsyncIterable<AdoptedPage>): Promise<void> {
    let head: WorkflowHead | undefined
    const events: WorkflowEvent[] = []
    const bodies: KeptBody[] = []
    const requests: PendingRequest[] = []
    for await (const page of pages) {
      head ??= page.head
      events.push(...(page.events ?? []))
      bodies.push(...(page.bodies ?? []))
      for (const each of page.requests ?? []) {
        this.#requested += 1
        requests.push({ id: this.#requested, ...each })
      }
    }
    if (head === undefined) throw new TypeError('the pages of a workflow have no head')
    this.#forget(head.workflow_id)
    this.#add({ head, events, bodies, requests })
    this.#hint('assigned', head)
  }

  async *allBodies(workflowId: string): AsyncGenerator<KeptBody[]> {
    const bodies = [...(this.#entries.get(workflowId)?.bodies.values() ?? [])]
    for (let from = 0; from < bodies.length; from += PAGE) {
      yield structuredClone(bodies.slice(from, from + PAGE))
    }
  }

  async prune(endedBefore: number, max: number): Promise<{ workflows: number; blobs: string[] }> {
    const old = [...this.#entries.values()]
      .filter(({ head }) => head.ended_at !== undefined && head.ended_at < endedBefore)
      .sort((a, b) => (a.head.ended_at ?? 0) - (b.head.ended_at ?? 0))
      .slice(0, max)
    for (const { head } of old) this.#forget(head.workflow_id)
    const used = this.#blobs()
    const blobs = new Set(old.flatMap(blobsOf).filter(cid => !used.has(cid)))
    return { workflows: old.length, blobs: [...blobs] }
  }

  async referred(cids: readonly string[]): Promise<string[]> {
    const used = this.#blobs()
    return cids.filter(cid => used.has(cid))
  }

  async *blobs(): AsyncGenerator<string[]> {
    const used = this.#blobs()
    if (used.size > 0) yield [...used]
  }

  watch(listener: (hint: StoreHint) => void): () => void {
    return this.#hints.watch(listener)
  }

  #append({ workflow_id, fence, events, bodies, head, requests_done }: Append): AppendReply {
    const entry = this.#entries.get(workflow_id)
    if (entry === undefined) return { done: false, refusal: 'not_found' }
    if (entry.head.fence !== fence) return { done: false, refusal: 'stale_fence' }
    const next = entry.events.length + 1
    if (events.some(({ seq }, at) => seq !== next + at) || head.seq !== entry.events.length + events.length) {
      return { done: false, refusal: 'conflict' }
    }
    entry.events.push(...structuredClone(events))
    for (const kept of structuredClone(bodies)) entry.bodies.set(bodyKeyText(kept.key), kept)
    const { owner, fence: kept } = entry.head
    entry.head = { ...structuredClone(head), ...(owner === undefined ? {} : { owner }), fence: kept }
    const done = new Set(requests_done)
    entry.requests = entry.requests.filter(({ id }) => !done.has(id))
    this.#hint(head.ended_at === undefined ? 'changed' : 'ended', entry.head)
    return { done: true }
  }

  #add({ head, events, bodies, requests }: NewWorkflow & { requests: PendingRequest[] }): void {
    this.#made += 1
    const entry: Entry = {
      order: this.#made,
      head: structuredClone(head),
      events: structuredClone(events),
      bodies: new Map(structuredClone(bodies).map(kept => [bodyKeyText(kept.key), kept])),
      requests: structuredClone(requests),
    }
    this.#entries.set(head.workflow_id, entry)
    const key = keyOf(head)
    if (key !== undefined && !this.#byKey.has(key)) this.#byKey.set(key, entry)
  }

  #forget(workflowId: string): void {
    const entry = this.#entries.get(workflowId)
    if (entry === undefined) return
    this.#entries.delete(workflowId)
    const key = keyOf(entry.head)
    if (key !== undefined && this.#byKey.get(key) === entry) this.#byKey.delete(key)
  }

  #holderOf(head: WorkflowHead): Entry | undefined {
    const key = keyOf(head)
    return key === undefined ? undefined : this.#byKey.get(key)
  }

  #open(after = '', limit: number, belongs: (head: WorkflowHead) => boolean): WorkflowHead[] {
    return [...this.#entries.values()]
      .filter(({ head }) => head.ended_at === undefined && head.workflow_id > after && belongs(head))
      .sort((a, b) => compare(a.head.workflow_id, b.head.workflow_id))
      .slice(0, limit)
      .map(({ head }) => structuredClone(head))
  }

  #owners(): Set<string> {
    const owners = new Set<string>()
    for (const { head } of this.#entries.values()) {
      if (head.ended_at === undefined && head.owner !== undefined) owners.add(head.owner)
    }
    return owners
  }

  #blobs(): Set<string> {
    return new Set([...this.#entries.values()].flatMap(blobsOf))
  }

  #hint(what: StoreHint['what'], { workflow_id, owner }: WorkflowHead): void {
    this.#hints.tell({ workflow_id, what, ...(owner === undefined ? {} : { owner }) })
  }
}

function blobsOf({ bodies, requests }: Entry): string[] {
  const all = [...[...bodies.values()].map(({ body }) => body), ...requests.map(({ body }) => body)]
  return all.flatMap(body => (typeof body === 'object' ? [body.blob] : []))
}

function matches(
  head: WorkflowHead,
  { states, name, principal, labels = {}, parent }: WorkflowFilter,
): boolean {
  return (
    (states ?? WORKFLOW_STATES).includes(head.state) &&
    (name === undefined || name === head.name) &&
    (principal === undefined || principal === head.principal) &&
    parent === head.parent?.workflow_id &&
    Object.entries(labels).every(([label, value]) => head.labels[label] === value)
  )
}

function keyOf({ principal, idempotency_key }: WorkflowHead): string | undefined {
  return idempotency_key === undefined ? undefined : JSON.stringify([principal, idempotency_key])
}

function isBehind(
  each: { name: string; version: string },
  after: { name: string; version: string },
): boolean {
  return compare(each.name, after.name) > 0 || (each.name === after.name && each.version > after.version)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
