import type { Clock } from '../../../shared/clock.ts'
import { GroupCommit } from '../../../shared/queue/store/group-commit.ts'
import { WorkflowMovedError, WorkflowNotFoundError } from '../../../shared/workflow/errors.ts'
import { EngineRegister } from '../../../shared/workflow/store/engine-register.ts'
import { HintFeed } from '../../../shared/workflow/store/hint-feed.ts'
import { requestsFull } from '../../../shared/workflow/store/request-room.ts'
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
} from '../../../shared/workflow/store/store.ts'
import type {
  Body,
  BodyKey,
  WorkflowEvent,
  WorkflowHead,
  WorkflowRequest,
  WorkflowState,
} from '../../../shared/workflow/workflow.ts'
import type { WorkflowValue } from '../queue/queue-thread-protocol.ts'
import type { StoreThread } from '../queue/store-thread.ts'
import { columnsOf, type KeyColumns } from './stored-body.ts'
import { headFrom, progressOf, storedHead } from './stored-head.ts'
import type {
  StoredAppend,
  StoredCreateReply,
  StoredEvents,
  StoredNewWorkflow,
  StoredPage,
} from './workflow-tables.ts'

/** New workflows in one transaction. */
const CREATED_AT_ONCE = 64
/** Before every key. */
const FIRST_KEY: KeyColumns = [-1, '', 0, 0]

/**
 * Workflows in the file and the thread of the tasks, so that a fence is checked in the transaction of a submit. As one
 * process alone has the file open, its engines are kept in memory: no earlier one can live.
 */
export class SqliteWorkflowStore implements WorkflowStore {
  readonly #thread: Pick<StoreThread, 'callWorkflows'>
  readonly #engines: EngineRegister
  readonly #hints = new HintFeed()
  readonly #creates: GroupCommit<StoredNewWorkflow, StoredCreateReply>

  /** @param clock by which engines live */
  constructor(thread: Pick<StoreThread, 'callWorkflows'>, clock: Pick<Clock, 'monotonic'>) {
    this.#thread = thread
    this.#engines = new EngineRegister(clock)
    this.#creates = new GroupCommit(batch => thread.callWorkflows('create', batch), CREATED_AT_ONCE)
  }

  async renew(
    engine: { engine_id: string; node: string; draining: boolean },
    leaseMs: number,
  ): Promise<EngineEntry[]> {
    this.#engines.renew(engine, leaseMs)
    const old = this.#engines.forgettable()
    if (old.length > 0) this.#engines.forget(old, new Set(await this.#thread.callWorkflows('owners')))
    return this.#engines.entries()
  }

  async leave(engineId: string): Promise<void> {
    this.#engines.leave(engineId)
  }

  async orphans(after: string | undefined, limit: number): Promise<WorkflowHead[]> {
    const alive = this.#engines.entries().filter(engine => engine.alive)
    const ids = alive.map(({ engine_id }) => engine_id)
    return (await this.#thread.callWorkflows('orphans', ids, after ?? '', limit)).map(headFrom)
  }

  async owned(engineId: string, after: string | undefined, limit: number): Promise<WorkflowHead[]> {
    return (await this.#thread.callWorkflows('owned', engineId, after ?? '', limit)).map(headFrom)
  }

  async claim(claims: readonly Claim[]): Promise<(WorkflowHead | undefined)[]> {
    const heads = (await this.#thread.callWorkflows('claim', claims)).map(head => head && headFrom(head))
    for (const head of heads) if (head !== undefined) this.#hint('assigned', head)
    return heads
  }

  async create(workflows: readonly NewWorkflow[]): Promise<CreateReply[]> {
    const replies = await Promise.all(workflows.map(each => this.#creates.add(storedWorkflow(each))))
    return replies.map((reply, index): CreateReply => {
      const head = workflows[index]?.head
      if (reply !== 'created') return { created: false, refusal: reply.refusal, head: headFrom(reply.head) }
      if (head !== undefined) this.#hint('assigned', head)
      return { created: true }
    })
  }

  async append(appends: readonly Append[]): Promise<AppendReply[]> {
    const replies = await this.#thread.callWorkflows('append', appends.map(storedAppend))
    replies.forEach((reply, index) => {
      const head = appends[index]?.head
      if (reply.done && head !== undefined)
        this.#hint(head.ended_at === undefined ? 'changed' : 'ended', head)
    })
    return replies
  }

  async request(workflowId: string, request: WorkflowRequest, body?: Body): Promise<number> {
    const asked = body === undefined ? { request } : { request, body }
    const reply = await this.#thread.callWorkflows('request', workflowId, asked)
    if ('id' in reply) {
      const { id, owner } = reply
      this.#hint('requested', { workflow_id: workflowId, ...(owner === '' ? {} : { owner }) })
      return id
    }
    if ('to' in reply) throw new WorkflowMovedError(workflowId, reply.to, reply.refused === 'moving')
    throw reply.refused === 'full' ? requestsFull() : new WorkflowNotFoundError(workflowId)
  }

  requests(workflowId: string): Promise<PendingRequest[]> {
    return this.#thread.callWorkflows('requests', workflowId)
  }

  async head(workflowId: string): Promise<WorkflowHead | undefined> {
    const head = await this.#thread.callWorkflows('head', workflowId)
    return head && headFrom(head)
  }

  async list(filter: WorkflowFilter): Promise<WorkflowPage> {
    const { workflows, ...rest } = await this.#thread.callWorkflows('list', filter)
    return { workflows: workflows.map(headFrom), ...rest }
  }

  counts(): Promise<Record<WorkflowState, number>> {
    return this.#thread.callWorkflows('counts')
  }

  async events(workflowId: string, after: number, limit: number): Promise<WorkflowEventPage> {
    const from = Math.max(after, 0)
    const { rows, last } = await this.#thread.callWorkflows('events', workflowId, from, limit)
    const events = rows.flatMap((row): WorkflowEvent[] => JSON.parse(row))
    return { events: events.filter(({ seq }) => seq > from).slice(0, limit), last }
  }

  bodies(workflowId: string, keys: readonly BodyKey[]): Promise<(Body | undefined)[]> {
    const columns = keys.map(columnsOf)
    return inParts(columns.length, (from, left) =>
      this.#thread.callWorkflows('bodies', workflowId, columns.slice(from, from + left)),
    )
  }

  itemOutputs(
    workflowId: string,
    step: { step: string; generation: number },
    from: number,
    limit: number,
  ): Promise<(Body | undefined)[]> {
    return inParts(limit, (done, left) =>
      this.#thread.callWorkflows('itemOutputs', workflowId, step, from + done, left),
    )
  }

  putDefinition(definition: StoredDefinition): Promise<boolean> {
    return this.#thread.callWorkflows('putDefinition', definition)
  }

  definition(name: string, version?: string): Promise<StoredDefinition | undefined> {
    return this.#thread.callWorkflows('definition', name, version)
  }

  definitions(filter: {
    name?: string
    after?: { name: string; version: string }
    limit: number
  }): Promise<Omit<StoredDefinition, 'definition'>[]> {
    return this.#thread.callWorkflows('definitions', filter)
  }

  async adopt(pages: AsyncIterable<AdoptedPage>): Promise<void> {
    const content = await this.#thread.callWorkflows('beginAdoption')
    try {
      let head: WorkflowHead | undefined
      for await (const page of pages) {
        head ??= page.head
        await this.#thread.callWorkflows('adoptPage', content, storedPage(page))
      }
      if (head === undefined) throw new TypeError('the pages of a workflow have no head')
      await this.#thread.callWorkflows('endAdoption', content, identityOf(head))
      this.#hint('assigned', head)
    } catch (error) {
      // What can not be deleted now is when the file is opened again.
      await this.#thread.callWorkflows('dropAdoption', content).catch(() => {})
      throw error
    }
  }

  async *allBodies(workflowId: string): AsyncGenerator<KeptBody[]> {
    for (let after: KeyColumns | undefined = FIRST_KEY; after !== undefined; ) {
      const page: WorkflowValue<'allBodies'> = await this.#thread.callWorkflows(
        'allBodies',
        workflowId,
        after,
      )
      if (page.bodies.length > 0) yield page.bodies
      after = page.last
    }
  }

  prune(endedBefore: number, max: number): Promise<{ workflows: number; blobs: string[] }> {
    return this.#thread.callWorkflows('prune', endedBefore, max)
  }

  referred(cids: readonly string[]): Promise<string[]> {
    return this.#thread.callWorkflows('referred', cids)
  }

  async *blobs(): AsyncGenerator<string[]> {
    for (let after: string | undefined = ''; after !== undefined; ) {
      const page: string[] = await this.#thread.callWorkflows('blobs', after)
      if (page.length > 0) yield page
      after = page.at(-1)
    }
  }

  watch(listener: (hint: StoreHint) => void): () => void {
    return this.#hints.watch(listener)
  }

  #hint(what: StoreHint['what'], { workflow_id, owner }: Pick<WorkflowHead, 'workflow_id' | 'owner'>): void {
    this.#hints.tell({ workflow_id, what, ...(owner === undefined ? {} : { owner }) })
  }
}

/** Asks for the rest until all is there: each answer has as much as one message should carry. */
async function inParts<T>(count: number, ask: (from: number, left: number) => Promise<T[]>): Promise<T[]> {
  const all: T[] = []
  while (all.length < count) for (const each of await ask(all.length, count - all.length)) all.push(each)
  return all
}

function identityOf(head: WorkflowHead): Pick<StoredNewWorkflow, 'head' | 'parent' | 'idempotency_key'> {
  return {
    head: storedHead(head),
    parent: head.parent?.workflow_id,
    idempotency_key: head.idempotency_key,
  }
}

function storedWorkflow({ head, events, bodies }: NewWorkflow): StoredNewWorkflow {
  return { ...identityOf(head), request_cid: head.request_cid, events: storedEvents(events), bodies }
}

function storedAppend({ workflow_id, fence, events, bodies, head, requests_done }: Append): StoredAppend {
  const first = events[0]?.seq ?? 0
  const isGap = events.some(({ seq }, at) => seq !== first + at)
  return {
    workflow_id,
    fence,
    events: isGap ? 'gap' : storedEvents(events),
    bodies,
    progress: progressOf(head),
    requests_done,
  }
}

function storedPage({ events = [], bodies = [], requests = [] }: AdoptedPage): StoredPage {
  return { events: storedEvents(events), bodies, requests }
}

function storedEvents(events: readonly WorkflowEvent[]): StoredEvents | undefined {
  const [first, last] = [events[0], events.at(-1)]
  if (first === undefined || last === undefined) return undefined
  return { first: first.seq, last: last.seq, text: JSON.stringify(events) }
}
