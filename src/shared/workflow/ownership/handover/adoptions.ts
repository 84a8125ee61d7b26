import type { Clock } from '../../../clock.ts'
import { factsOf, ToolmeshError } from '../../../errors.ts'
import type { Logger } from '../../../logger.ts'
import type { Bodies } from '../../../queue/bodies/bodies.ts'
import type { Json } from '../../../tools/tool.ts'
import type { Plan } from '../../definition/plan.ts'
import type { WorkflowStore } from '../../store/store.ts'
import type { Body, WorkflowHead } from '../../workflow.ts'
import { PageChannel } from './page-channel.ts'
import { DEFAULT_TRANSFER_LIMITS, receivedPages, type TransferLimits } from './received-pages.ts'
import type { TransferAnswer, TransferHead, TransferPage, TransferRecord } from './transfer.ts'

/** Milliseconds between two pages, after which a transfer is forgotten. */
const IDLE_MS = 60_000
/** Transfers that come in at once: each holds a body (64 MiB) at most. */
const AT_ONCE = 8
/** Events that are read at once. */
const EVENTS = 500

export interface AdoptionsInit {
  store: Pick<WorkflowStore, 'head' | 'events' | 'adopt'>
  bodies: Pick<Bodies, 'keep' | 'release'>
  /** Throws `invalid_input` where this node cannot run the definition. */
  compile: (definition: Json) => Plan | Promise<Plan>
  /** The engine that a workflow goes to; undefined when none takes any. */
  ownerFor: (rootId: string) => string | undefined
  /** Throws `queue_full` when the node takes no more workflows. */
  ensureRoom: () => void
  /** It is in the store, and belongs to an engine there. */
  onAdopted: (workflowId: string) => void
  /** Peer id of this node. */
  node: string
  clock: Clock
  logger: Logger
  limits?: TransferLimits
}

/** One try of a transfer. */
interface Incoming {
  from: string
  transfer: string
  nextPage: number
  pages: PageChannel<TransferRecord[]>
  answer: Promise<TransferAnswer>
  stopTimer: () => void
}

/**
 * Takes workflows that other nodes hand over. A transfer may come any number of times: what is here of it already is
 * answered `adopted`, however long ago, as the workflow's own events name it.
 */
export class Adoptions {
  readonly #init: AdoptionsInit
  readonly #incoming = new Map<string, Incoming>()
  /** One page of a workflow after the other. */
  readonly #turns = new Map<string, Promise<unknown>>()

  constructor(init: AdoptionsInit) {
    this.#init = init
  }

  /**
   * A page from another node, which may be any. Throws `conflict` for one that does not follow on the one before,
   * `queue_full` when too many come in at once: nothing of the transfer is kept then.
   */
  async take(from: string, page: TransferPage): Promise<TransferAnswer> {
    const id = page.workflow_id
    const before = this.#turns.get(id)
    const turn = Promise.resolve(before).then(() => this.#take(from, page))
    const over = turn.catch(() => {})
    this.#turns.set(id, over)
    try {
      return await turn
    } finally {
      if (this.#turns.get(id) === over) this.#turns.delete(id)
    }
  }

  /** There is no session with the node any more: what it has not sent whole is forgotten. */
  left(peerId: string): void {
    for (const [id, incoming] of this.#incoming) {
      if (incoming.from === peerId) this.#forget(id, incoming, 'the session ended')
    }
  }

  /** Forgets what has not come whole; what has is taken. */
  async close(): Promise<void> {
    const answers = [...this.#incoming].map(([id, incoming]) => {
      this.#forget(id, incoming, 'the node shuts down')
      return incoming.answer
    })
    await Promise.all([...answers, ...this.#turns.values()])
  }

  async #take(
    from: string,
    { workflow_id, transfer, page, records, last }: TransferPage,
  ): Promise<TransferAnswer> {
    let incoming = this.#incoming.get(workflow_id)
    if (page === 0) {
      const known = await this.#known(from, workflow_id, transfer)
      if ('answer' in known) return known.answer
      incoming = await this.#begin(from, workflow_id, transfer, known.row)
    }
    if (incoming?.from !== from || incoming.transfer !== transfer || incoming.nextPage !== page) {
      throw new ToolmeshError(
        'conflict',
        `page ${page} of the handover ${transfer} does not follow on one before it`,
      )
    }
    incoming.nextPage += 1
    incoming.stopTimer()
    await Promise.race([incoming.pages.put(records), incoming.answer])
    if (last === true) incoming.pages.end()
    else if (this.#incoming.get(workflow_id) === incoming) {
      incoming.stopTimer = this.#init.clock.after(IDLE_MS, () =>
        this.#forget(workflow_id, incoming, `no page came for ${IDLE_MS} ms`),
      )
      return { next: page + 1 }
    }
    return incoming.answer
  }

  /** What is here of the workflow already, as far as that decides. */
  async #known(
    from: string,
    id: string,
    transfer: string,
  ): Promise<{ answer: TransferAnswer } | { row: WorkflowHead | undefined }> {
    const row = await this.#init.store.head(id)
    if (row === undefined) return { row }
    if (await this.#hasCome(id, transfer)) return { answer: { adopted: true } }
    if (row.moved_to === from) return { row }
    const why =
      row.handover?.to === from
        ? `${id} is on its way to you, and your answer has not come here yet`
        : `this node has a workflow ${id} that was not handed over to you`
    return { answer: { refused: new ToolmeshError('conflict', why).toFacts() } }
  }

  async #hasCome(id: string, transfer: string): Promise<boolean> {
    for (let after = 0; ; ) {
      const { events } = await this.#init.store.events(id, after, EVENTS)
      if (events.some(event => event.kind === 'adopted' && event.transfer === transfer)) return true
      const last = events.at(-1)
      if (last === undefined) return false
      after = last.seq
    }
  }

  async #begin(from: string, id: string, transfer: string, row: WorkflowHead | undefined): Promise<Incoming> {
    const before = this.#incoming.get(id)
    if (before !== undefined) {
      if (before.from !== from)
        throw new ToolmeshError('conflict', `${id} is being handed over by another node`)
      this.#forget(id, before, 'it began anew')
      await before.answer
    }
    if (this.#incoming.size >= AT_ONCE) {
      throw new ToolmeshError('queue_full', 'too many workflows are being handed over to this node', {
        retry_after_ms: 5_000,
      })
    }
    const pages = new PageChannel<TransferRecord[]>()
    const incoming: Incoming = {
      from,
      transfer,
      nextPage: 0,
      pages,
      answer: this.#receive(from, id, transfer, row, pages).finally(() => {
        if (this.#incoming.get(id) === incoming) this.#incoming.delete(id)
      }),
      stopTimer: () => {},
    }
    this.#incoming.set(id, incoming)
    return incoming
  }

  async #receive(
    from: string,
    id: string,
    transfer: string,
    row: WorkflowHead | undefined,
    pages: AsyncIterable<TransferRecord[]>,
  ): Promise<TransferAnswer> {
    const { store, bodies, compile, ensureRoom, onAdopted, node, clock, logger, limits } = this.#init
    const kept: Body[] = []
    let adopted = false
    try {
      ensureRoom()
      const received = receivedPages(
        {
          transfer,
          from,
          to: node,
          compile,
          headOf: sent => this.#headOf(sent, from, id, row),
          keep: async (text, field) => {
            const body = await bodies.keep(text, field)
            if (typeof body !== 'string') kept.push(body)
            return body
          },
          now: () => clock.now(),
          limits: limits ?? DEFAULT_TRANSFER_LIMITS,
        },
        pages,
      )
      await store.adopt(received)
      adopted = true
      logger('info', 'a workflow was handed over to this node', { workflow_id: id, from })
      onAdopted(id)
      return { adopted: true }
    } catch (error) {
      logger('info', 'a workflow was not taken from another node', {
        workflow_id: id,
        from,
        error: String(error),
      })
      return { refused: factsOf(error) }
    } finally {
      for (const body of kept) bodies.release(body, adopted)
    }
  }

  /** It belongs here to the node that sent it, unless it was here before: then to whom it belonged. */
  #headOf(sent: TransferHead, from: string, id: string, row: WorkflowHead | undefined): WorkflowHead {
    const owner = this.#init.ownerFor(id)
    if (owner === undefined) throw new ToolmeshError('unavailable', 'the node takes no workflows now')
    const own: Pick<WorkflowHead, 'principal' | 'moved_from' | 'idempotency_key' | 'request_cid'> =
      row === undefined
        ? { principal: `peer:${from}`, moved_from: from }
        : {
            principal: row.principal,
            ...(row.moved_from === undefined ? {} : { moved_from: row.moved_from }),
            ...(row.idempotency_key === undefined ? {} : { idempotency_key: row.idempotency_key }),
            ...(row.request_cid === undefined ? {} : { request_cid: row.request_cid }),
          }
    return {
      workflow_id: id,
      ...sent,
      ...own,
      // What it ends with is written by this node: that it was taken.
      seq: sent.seq + 1,
      owner,
      fence: (row?.fence ?? 0) + 1,
      root_id: id,
      depth: 0,
    }
  }

  #forget(id: string, incoming: Incoming, why: string): void {
    incoming.stopTimer()
    if (this.#incoming.get(id) === incoming) this.#incoming.delete(id)
    incoming.pages.fail(new ToolmeshError('unavailable', `the handover did not come whole: ${why}`))
  }
}
