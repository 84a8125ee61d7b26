/** A plain WorkflowStore to test owners with: not part of the product. */
import type { Clock } from '../../clock.ts'
import { ToolmeshError } from '../../errors.ts'
import { WorkflowNotFoundError } from '../errors.ts'
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
  StoreHint,
  WorkflowEventPage,
  WorkflowPage,
  WorkflowStore,
} from '../store/store.ts'
import {
  type Body,
  type BodyKey,
  WORKFLOW_STATES,
  type WorkflowEvent,
  type WorkflowHead,
  type WorkflowRequest,
  type WorkflowState,
} from '../workflow.ts'

interface Row {
  head: WorkflowHead
  events: WorkflowEvent[]
  bodies: Map<string, KeptBody>
  requests: PendingRequest[]
}

export class MemoryWorkflowStore implements WorkflowStore {
  readonly #clock: Clock
  readonly #rows = new Map<string, Row>()
  readonly #engines = new Map<string, { node: string; draining: boolean; until: number }>()
  readonly #listeners = new Set<(hint: StoreHint) => void>()
  #requests = 0

  constructor({ clock }: { clock: Clock }) {
    this.#clock = clock
  }

  /** For the guard of submits. */
  fenceOf(workflowId: string): number | undefined {
    return this.#rows.get(workflowId)?.head.fence
  }

  async renew(
    engine: { engine_id: string; node: string; draining: boolean },
    leaseMs: number,
  ): Promise<EngineEntry[]> {
    const { engine_id, node, draining } = engine
    this.#engines.set(engine_id, { node, draining, until: this.#clock.monotonic() + leaseMs })
    return [...this.#engines].map(([id, { node, draining }]) => ({
      engine_id: id,
      node,
      draining,
      alive: this.#lives(id),
    }))
  }

  async leave(engineId: string): Promise<void> {
    this.#engines.delete(engineId)
  }

  async orphans(after: string | undefined, limit: number): Promise<WorkflowHead[]> {
    return this.#page(after, limit, ({ owner }) => owner === undefined || !this.#lives(owner))
  }

  async owned(engineId: string, after: string | undefined, limit: number): Promise<WorkflowHead[]> {
    return this.#page(after, limit, ({ owner }) => owner === engineId)
  }

  async claim(claims: readonly Claim[]): Promise<(WorkflowHead | undefined)[]> {
    return claims.map(({ workflow_id, fence, owner }) => {
      const row = this.#rows.get(workflow_id)
      if (row === undefined || row.head.fence !== fence || row.head.moved_to !== undefined) return undefined
      const { owner: _before, ...rest } = row.head
      row.head = { ...rest, fence: fence + 1, ...(owner === undefined ? {} : { owner }) }
      this.#tell('assigned', row.head)
      return structuredClone(row.head)
    })
  }

  async create(workflows: readonly NewWorkflow[]): Promise<CreateReply[]> {
    return workflows.map(({ head, events, bodies }) => {
      const there = this.#rows.get(head.workflow_id)
      if (there !== undefined) return { created: false, refusal: 'duplicate', head: there.head }
      this.#rows.set(head.workflow_id, {
        head: structuredClone(head),
        events: structuredClone(events),
        bodies: new Map(bodies.map(body => [nameOf(body.key), body])),
        requests: [],
      })
      this.#tell('assigned', head)
      return { created: true }
    })
  }

  async append(appends: readonly Append[]): Promise<AppendReply[]> {
    return appends.map(({ workflow_id, fence, events, bodies, head, requests_done }): AppendReply => {
      const row = this.#rows.get(workflow_id)
      if (row === undefined) return { done: false, refusal: 'not_found' }
      if (row.head.fence !== fence) return { done: false, refusal: 'stale_fence' }
      if (events.length > 0 && events[0]?.seq !== row.head.seq + 1)
        return { done: false, refusal: 'conflict' }
      row.events.push(...structuredClone(events))
      for (const body of bodies) row.bodies.set(nameOf(body.key), body)
      row.head = structuredClone(head)
      row.requests = row.requests.filter(({ id }) => !requests_done.includes(id))
      this.#tell(head.ended_at === undefined ? 'changed' : 'ended', head)
      return { done: true }
    })
  }

  async request(workflowId: string, request: WorkflowRequest, body?: Body): Promise<number> {
    const { head, requests } = this.#row(workflowId)
    if (head.moved_to !== undefined)
      throw new ToolmeshError('conflict', `it was handed over to ${head.moved_to}`)
    if (head.handover !== undefined)
      throw new ToolmeshError('conflict', 'it is on its way', { retryable: true })
    this.#requests += 1
    requests.push({ id: this.#requests, request, ...(body === undefined ? {} : { body }) })
    this.#tell('requested', head)
    return this.#requests
  }

  async requests(workflowId: string): Promise<PendingRequest[]> {
    return [...(this.#rows.get(workflowId)?.requests ?? [])]
  }

  async head(workflowId: string): Promise<WorkflowHead | undefined> {
    return structuredClone(this.#rows.get(workflowId)?.head)
  }

  async list(): Promise<WorkflowPage> {
    return { workflows: [...this.#rows.values()].map(({ head }) => structuredClone(head)) }
  }

  async counts(): Promise<Record<WorkflowState, number>> {
    const heads = [...this.#rows.values()].map(({ head }) => head)
    const count = (state: WorkflowState) =>
      heads.filter(head => head.state === state && !head.moved_to).length
    return Object.fromEntries(WORKFLOW_STATES.map(state => [state, count(state)])) as Record<
      WorkflowState,
      number
    >
  }

  async events(workflowId: string, after: number, limit: number): Promise<WorkflowEventPage> {
    const { events } = this.#row(workflowId)
    return { events: structuredClone(events.slice(after, after + limit)), last: events.length }
  }

  async bodies(workflowId: string, keys: readonly BodyKey[]): Promise<(Body | undefined)[]> {
    const { bodies } = this.#row(workflowId)
    return keys.map(key => bodies.get(nameOf(key))?.body)
  }

  async itemOutputs(
    workflowId: string,
    { step, generation }: { step: string; generation: number },
    from: number,
    limit: number,
  ): Promise<(Body | undefined)[]> {
    const items = Array.from({ length: limit }, (_, n) => from + n)
    return this.bodies(
      workflowId,
      items.map(item => ({ of: 'output', step, generation, item })),
    )
  }

  async putDefinition(): Promise<boolean> {
    return true
  }

  async definition(): Promise<undefined> {
    return undefined
  }

  async definitions(): Promise<[]> {
    return []
  }

  async adopt(pages: AsyncIterable<AdoptedPage>): Promise<void> {
    const row: Omit<Row, 'head'> & { head?: WorkflowHead } = { events: [], bodies: new Map(), requests: [] }
    for await (const { head, events = [], bodies = [], requests = [] } of pages) {
      if (head !== undefined) row.head = structuredClone(head)
      row.events.push(...structuredClone(events))
      for (const body of bodies) row.bodies.set(nameOf(body.key), body)
      for (const request of requests) row.requests.push({ ...request, id: ++this.#requests })
    }
    const { head } = row
    if (head === undefined) throw new Error('no head')
    this.#rows.set(head.workflow_id, { ...row, head })
    this.#tell('assigned', head)
  }

  async *allBodies(workflowId: string): AsyncGenerator<KeptBody[]> {
    yield [...this.#row(workflowId).bodies.values()]
  }

  async prune(): Promise<{ workflows: number; blobs: string[] }> {
    return { workflows: 0, blobs: [] }
  }

  async *blobs(): AsyncGenerator<string[]> {}

  watch(listener: (hint: StoreHint) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #row(workflowId: string): Row {
    const row = this.#rows.get(workflowId)
    if (row === undefined) throw new WorkflowNotFoundError(workflowId)
    return row
  }

  #page(after: string | undefined, limit: number, is: (head: WorkflowHead) => boolean): WorkflowHead[] {
    return [...this.#rows.values()]
      .map(({ head }) => head)
      .filter(
        head => head.ended_at === undefined && is(head) && (after === undefined || head.workflow_id > after),
      )
      .sort((a, b) => (a.workflow_id < b.workflow_id ? -1 : 1))
      .slice(0, limit)
      .map(head => structuredClone(head))
  }

  #lives(engineId: string): boolean {
    return this.#clock.monotonic() < (this.#engines.get(engineId)?.until ?? Number.NEGATIVE_INFINITY)
  }

  #tell(what: StoreHint['what'], { workflow_id, owner }: WorkflowHead): void {
    for (const listener of this.#listeners)
      listener({ workflow_id, what, ...(owner === undefined ? {} : { owner }) })
  }
}

function nameOf(key: BodyKey): string {
  return JSON.stringify(key)
}
