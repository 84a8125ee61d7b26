import type { BlobReferences } from '../../queue/bodies/blob-references.ts'
import type { JsonObject } from '../../tools/tool.ts'
import type {
  Body,
  BodyKey,
  WorkflowEvent,
  WorkflowHead,
  WorkflowRequest,
  WorkflowState,
} from '../workflow.ts'

/** An engine that drives workflows of the store. */
export interface EngineEntry {
  /** Random for each run of a node. */
  engine_id: string
  /** Peer id of its node. */
  node: string
  draining: boolean
  /** Its lease has not ended, by the store's clock. */
  alive: boolean
}

/** A body that is written with what refers to it. */
export interface KeptBody {
  key: BodyKey
  body: Body
}

export interface NewWorkflow {
  /** `owner`, `fence` 1 and `seq` as the first events leave them. */
  head: WorkflowHead
  events: WorkflowEvent[]
  bodies: KeptBody[]
}

export type CreateReply =
  | { created: true }
  /** The principal's idempotency key (or the id) is taken: by an equal request (`request_cid`), or another one. */
  | { created: false; refusal: 'duplicate' | 'conflict'; head: WorkflowHead }

/** Gives an open workflow to an engine (undefined: to nobody) if its fence is still `fence`, which grows by one. */
export interface Claim {
  workflow_id: string
  fence: number
  owner: string | undefined
}

/** What its owner writes of a workflow, as one transaction. */
export interface Append {
  workflow_id: string
  /** The owner's. */
  fence: number
  /** They go on from the latest `seq` without a gap. */
  events: WorkflowEvent[]
  /** Bodies that the events speak of; one that is there already is replaced. */
  bodies: KeptBody[]
  /** The head after the events; `owner` and `fence` as they were. */
  head: WorkflowHead
  /** Requests that are carried out by these events: gone with them. */
  requests_done: number[]
}

/** `stale_fence`: another engine has it. `conflict`: the events do not go on from the latest, or the head is not that behind them. */
export type AppendReply = { done: true } | { done: false; refusal: 'stale_fence' | 'not_found' | 'conflict' }

/** What is told to those who watch: hints, which may come twice or (from other processes) late; never lost for good, as engines look at each renewal. */
export interface StoreHint {
  workflow_id: string
  /** `assigned`: it has an owner or none now. */
  what: 'assigned' | 'requested' | 'changed' | 'ended'
  /** The owner. */
  owner?: string
}

export interface PendingRequest {
  /** Counts over the whole store. */
  id: number
  request: WorkflowRequest
  body?: Body
}

/** A part of a workflow of another store: the head in the first, events in the order of `seq`, each body and request once. */
export interface AdoptedPage {
  head?: WorkflowHead
  events?: WorkflowEvent[]
  bodies?: KeptBody[]
  /** What its owner there had not carried out. */
  requests?: Omit<PendingRequest, 'id'>[]
}

export interface WorkflowFilter {
  states?: WorkflowState[]
  name?: string
  principal?: string
  /** All of them must match. */
  labels?: Record<string, string>
  /** Children of this workflow; absent: only those without a parent. */
  parent?: string
  order: 'newest' | 'oldest'
  /** `next_cursor` of a page with the same filter and order; opaque. */
  cursor?: string
  /** 1 or more. */
  limit: number
}

export interface WorkflowPage {
  workflows: WorkflowHead[]
  next_cursor?: string
}

export interface WorkflowEventPage {
  /** In the order of `seq`. */
  events: WorkflowEvent[]
  /** The latest `seq`. */
  last: number
}

/** A definition under a name and version; `definition` is a WorkflowDefinition as JSON. */
export interface StoredDefinition {
  name: string
  version: string
  definition: JsonObject
  definition_cid: string
  principal: string
  /** Epoch milliseconds. */
  created_at: number
}

/** Requests of one workflow that its owner has not carried out. */
export const MAX_REQUESTS = 256

/**
 * Where workflows live, for all engines that share it. Each driver runs `workflow-store.compliance.ts`. Times are by
 * the store's own clock. What is resolved is durable. Rejects with `unavailable` when nothing was kept.
 *
 * A workflow is open until its head has `ended_at`: it ended, or it was handed over to a node of another store (`moved_to`).
 *
 * Ownership: an engine has one lease for all that it owns, renewed by `renew`. A workflow belongs to (owner, fence); the
 * fence grows with each `claim`. The store refuses an append, and the QueueStore beside it a submit, with an older fence.
 */
export interface WorkflowStore extends BlobReferences {
  /**
   * The engine lives for another `leaseMs`; the first call makes it known. Gives all engines that are known, itself too;
   * those whose lease ended long ago (ten times theirs) and own nothing are forgotten.
   */
  renew(
    engine: { engine_id: string; node: string; draining: boolean },
    leaseMs: number,
  ): Promise<EngineEntry[]>
  /** The engine has ended; what it still owns may be claimed at once. */
  leave(engineId: string): Promise<void>
  /** Open workflows that no living engine owns, by id, those behind `after`, at most `limit`. */
  orphans(after: string | undefined, limit: number): Promise<WorkflowHead[]>
  /** Open workflows of an engine, by id, those behind `after`, at most `limit`. */
  owned(engineId: string, after: string | undefined, limit: number): Promise<WorkflowHead[]>
  /** Compare and set, all of them as one transaction; for each the head with its new owner and fence, or undefined. */
  claim(claims: readonly Claim[]): Promise<(WorkflowHead | undefined)[]>

  create(workflows: readonly NewWorkflow[]): Promise<CreateReply[]>
  /** All of them as one transaction; a refused one stops no other. */
  append(appends: readonly Append[]): Promise<AppendReply[]>
  /**
   * Written down for the owner; resolves with its id. Rejects with `not_found`; with `conflict` when it was handed over, and
   * (retryable) while it is on its way to another node: what was written before goes along, so nothing may come later; with `queue_full` when
   * MAX_REQUESTS of it wait already, of which only a cancel may be the last ten.
   */
  request(workflowId: string, request: WorkflowRequest, body?: Body): Promise<number>
  /** What the owner has not carried out, oldest first. */
  requests(workflowId: string): Promise<PendingRequest[]>

  head(workflowId: string): Promise<WorkflowHead | undefined>
  /** Looks at a bounded number of them. Throws `invalid_input` for a cursor that is none. */
  list(filter: WorkflowFilter): Promise<WorkflowPage>
  counts(): Promise<Record<WorkflowState, number>>
  /** Events with a `seq` behind `after`: at most `limit`, fewer where they are large, none only when there is none. */
  events(workflowId: string, after: number, limit: number): Promise<WorkflowEventPage>
  /** Undefined for each that is not there. */
  bodies(workflowId: string, keys: readonly BodyKey[]): Promise<(Body | undefined)[]>
  /** Outputs of the items `from` to `from + limit - 1` of a step; undefined for each that has none. */
  itemOutputs(
    workflowId: string,
    step: { step: string; generation: number },
    from: number,
    limit: number,
  ): Promise<(Body | undefined)[]>

  /** Keeps a definition; false when this name and version is another one already. */
  putDefinition(definition: StoredDefinition): Promise<boolean>
  /** The latest made unless a version is named. */
  definition(name: string, version?: string): Promise<StoredDefinition | undefined>
  definitions(filter: {
    name?: string
    after?: { name: string; version: string }
    limit: number
  }): Promise<Omit<StoredDefinition, 'definition'>[]>

  /**
   * Takes a workflow of another store as it is there: its head (with an owner of this store), events and bodies, in
   * place of what is here of it. Nothing of it is seen before the end of the pages, and nothing is kept when they fail;
   * no transaction stays open while a page is waited for.
   */
  adopt(pages: AsyncIterable<AdoptedPage>): Promise<void>
  /** Every body of a workflow, in pages, to hand it over. */
  allBodies(workflowId: string): AsyncIterable<KeptBody[]>

  /**
   * Forgets at most `max` workflows that ended before `endedBefore` (epoch ms), fewer where they are large, 0 only when
   * there is none. `blobs`: what nothing here refers to any more.
   */
  prune(endedBefore: number, max: number): Promise<{ workflows: number; blobs: string[] }>
  /** Calls `listener` on what becomes known here; the returned function ends it. */
  watch(listener: (hint: StoreHint) => void): () => void
}
