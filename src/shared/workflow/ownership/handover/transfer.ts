/** A workflow on its way to a node of another store: what the pages of `toolmesh/adopt` hold (docs/PROTOCOL.md "Handing over"). */
import type { ErrorFacts } from '../../../errors.ts'
import type { Body } from '../../../queue/states/commands.ts'
import type { PendingRequest, WorkflowStore } from '../../store/store.ts'
import type { BodyKey, WorkflowEvent, WorkflowHead, WorkflowRequest } from '../../workflow.ts'

/** What the receiver is told of a head; who it belongs to there, and who drives it, is the receiver's to say. */
export type TransferHead = Pick<
  WorkflowHead,
  | 'name'
  | 'version'
  | 'definition_cid'
  | 'state'
  | 'seq'
  | 'generation'
  | 'created_at'
  | 'changed_at'
  | 'steps'
  | 'failed_steps'
  | 'error'
  | 'labels'
  | 'metadata'
>

/**
 * In this order: the head, the definition, all events, the other bodies, the requests. A body's JSON text that is
 * longer than a piece goes as several records with the same key, all but the last with `more`.
 */
export type TransferRecord =
  | { head: TransferHead }
  | { events: WorkflowEvent[] }
  | { body: BodyKey; text: string; more?: true }
  | { request: WorkflowRequest; text?: string; more?: true }

export interface TransferPage {
  workflow_id: string
  /** Random; names this handover in every try of it. */
  transfer: string
  /** 0, 1, …; a try begins with 0. */
  page: number
  records: TransferRecord[]
  last?: true
}

/** `adopted`: the receiver has it, durably. `refused`: it has nothing of it, and never will by this transfer. */
export type TransferAnswer = { next: number } | { adopted: true } | { refused: ErrorFacts }

/** Characters of a piece of a body, and of a page: as JSON mostly below a frame (256 KiB); what is above goes as a blob. */
const PIECE_CHARS = 48 * 1024
const PAGE_CHARS = 96 * 1024
/** What a record takes beside its text, about. */
const RECORD_CHARS = 100
/** Events that are read at once. */
const EVENTS = 500

export interface TransferSource {
  store: Pick<WorkflowStore, 'events' | 'bodies' | 'allBodies' | 'requests'>
  /** Rejects with `not_found` or `unavailable` when a body's blob cannot be read. */
  readBody(body: Body): Promise<string>
}

/** Everything of a workflow, page by page. Rejects when the store or a blob cannot be read. */
export async function* transferPages(
  source: TransferSource,
  head: WorkflowHead,
  transfer: string,
): AsyncGenerator<TransferPage> {
  const { workflow_id } = head
  let page = 0
  let records: TransferRecord[] = []
  let chars = 0
  for await (const record of recordsOf(source, head)) {
    const size =
      RECORD_CHARS + ('text' in record ? (record.text?.length ?? 0) : JSON.stringify(record).length)
    if (records.length > 0 && chars + size > PAGE_CHARS) {
      yield { workflow_id, transfer, page, records }
      page += 1
      records = []
      chars = 0
    }
    records.push(record)
    chars += size
  }
  yield { workflow_id, transfer, page, records, last: true }
}

async function* recordsOf(source: TransferSource, head: WorkflowHead): AsyncGenerator<TransferRecord> {
  const { store, readBody } = source
  const id = head.workflow_id
  yield { head: headOf(head) }
  const [definition] = await store.bodies(id, [{ of: 'definition' }])
  if (definition !== undefined) {
    for (const piece of piecesOf(await readBody(definition))) yield { body: { of: 'definition' }, ...piece }
  }
  for (let after = 0; after < head.seq; ) {
    const { events } = await store.events(id, after, EVENTS)
    yield* eventRecords(events.filter(({ seq }) => seq <= head.seq))
    after = events.at(-1)?.seq ?? head.seq
  }
  for await (const bodies of store.allBodies(id)) {
    for (const { key, body } of bodies) {
      if (key.of === 'definition') continue
      for (const piece of piecesOf(await readBody(body))) yield { body: key, ...piece }
    }
  }
  for (const { request, body } of await store.requests(id)) {
    if (request.kind !== 'hand_over') yield* requestRecords(request, body && (await readBody(body)))
  }
}

function headOf(head: WorkflowHead): TransferHead {
  const { name, version, definition_cid, state, seq, generation, created_at, changed_at } = head
  const { steps, failed_steps, error, labels, metadata } = head
  return {
    name,
    ...(version === undefined ? {} : { version }),
    definition_cid,
    state,
    seq,
    generation,
    created_at,
    changed_at,
    steps,
    failed_steps,
    ...(error === undefined ? {} : { error }),
    labels,
    metadata,
  }
}

function* eventRecords(events: readonly WorkflowEvent[]): Generator<TransferRecord> {
  let taken: WorkflowEvent[] = []
  let chars = 0
  for (const event of events) {
    const size = JSON.stringify(event).length
    if (taken.length > 0 && chars + size > PIECE_CHARS) {
      yield { events: taken }
      taken = []
      chars = 0
    }
    taken.push(event)
    chars += size
  }
  if (taken.length > 0) yield { events: taken }
}

function* requestRecords(
  request: PendingRequest['request'],
  text: string | undefined,
): Generator<TransferRecord> {
  if (text === undefined) yield { request }
  else for (const piece of piecesOf(text)) yield { request, ...piece }
}

function* piecesOf(text: string): Generator<{ text: string; more?: true }> {
  for (let at = 0; ; at += PIECE_CHARS) {
    const piece = text.slice(at, at + PIECE_CHARS)
    if (at + PIECE_CHARS >= text.length) {
      yield { text: piece }
      return
    }
    yield { text: piece, more: true }
  }
}
