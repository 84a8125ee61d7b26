import type { Clock } from '../../../clock.ts'
import { type ErrorFacts, factsOf, ToolmeshError } from '../../../errors.ts'
import type { Logger } from '../../../logger.ts'
import { Slots } from '../../slots.ts'
import type { PendingRequest, WorkflowStore } from '../../store/store.ts'
import type { WorkflowHead } from '../../workflow.ts'
import type { HandoverEngine, NewEvent } from '../engine-port.ts'
import { type TransferAnswer, type TransferPage, type TransferSource, transferPages } from './transfer.ts'

/** Milliseconds that what runs of a workflow may take to end before it is handed over. */
const REST_MS = 60_000
/** Milliseconds for the answer to one page; the last is answered after a commit of all. */
const PAGE_MS = 60_000
/** Milliseconds until a transfer whose answer is not known is tried again: the first time, and at most. */
const RETRY_MS = 1_000
const RETRY_MAX_MS = 60_000
/** Transfers under way at once. */
const AT_ONCE = 4

/** The other nodes, as a handover reaches them. */
export interface TransferPeers {
  /** Whether there is a session with the node; one is opened where that can be done. Never rejects. */
  reaches(peerId: string, signal: AbortSignal): Promise<boolean>
  /** Rejects with `unavailable` when there is no session or it ends first, `timed_out`, or what the node answered. */
  send(peerId: string, page: TransferPage, timeoutMs: number, signal: AbortSignal): Promise<TransferAnswer>
}

export interface HandoversInit {
  store: TransferSource['store'] & Pick<WorkflowStore, 'head'>
  readBody: TransferSource['readBody']
  engine: HandoverEngine
  peers: TransferPeers
  /** Peer id of this node. */
  node: string
  newTransferId: () => string
  clock: Clock
  logger: Logger
}

interface Leaving {
  to: string
  /** Tries again at once. */
  wake: () => void
}

/**
 * Hands workflows over to nodes of other stores, each in these steps: it starts nothing more; what runs ends; the event `handover_began` is
 * durable; all of it is sent; the node's answer is written down. Between the event and the answer nothing is done on it here, over restarts
 * too: a transfer whose answer is not known is sent again, under the same id, until it is. So at no time do two nodes work on it.
 */
export class Handovers {
  readonly #init: HandoversInit
  readonly #slots = new Slots(AT_ONCE)
  readonly #ending = new AbortController()
  /** Asked for or begun, by workflow. */
  readonly #leaving = new Map<string, Leaving>()
  readonly #work = new Set<Promise<void>>()

  constructor(init: HandoversInit) {
    this.#init = init
  }

  /** Somebody asked for a handover of a workflow that is this engine's. */
  handOver({ workflow_id, parent }: WorkflowHead, { id, request }: PendingRequest): void {
    if (request.kind !== 'hand_over') return
    const { to } = request
    this.#run(workflow_id, async () => {
      const refusal = this.#refusalOf(workflow_id, parent, to)
      if (refusal !== undefined) return this.#refuse(workflow_id, id, refusal)
      const leaving = this.#add(workflow_id, to)
      try {
        // Before anything is written: what cannot be sent at all must not be in doubt.
        if (await this.#init.peers.reaches(to, this.#ending.signal))
          await this.#begin(workflow_id, id, leaving)
        else await this.#refuse(workflow_id, id, unreachable(to))
      } finally {
        this.#leaving.delete(workflow_id)
      }
    })
  }

  /** Goes on with a handover that another run, or another engine, has begun. */
  leaving(head: WorkflowHead): void {
    const { workflow_id, handover } = head
    if (handover === undefined || this.#leaving.has(workflow_id)) return
    const leaving = this.#add(workflow_id, handover.to)
    this.#run(workflow_id, async () => {
      try {
        await this.#transfer(head, handover.transfer, leaving, true)
      } finally {
        this.#leaving.delete(workflow_id)
      }
    })
  }

  /** There is a session with the node: what waits for its answer is sent again. */
  reachable(peerId: string): void {
    for (const { to, wake } of this.#leaving.values()) if (to === peerId) wake()
  }

  /** What is under way goes on after the next start. */
  async close(): Promise<void> {
    this.#ending.abort()
    await Promise.all(this.#work)
  }

  #refusalOf(workflowId: string, parent: WorkflowHead['parent'], to: string): ErrorFacts | undefined {
    if (to === this.#init.node) return facts('conflict', `${workflowId} is at this node already`)
    const under_way = this.#leaving.get(workflowId)
    if (under_way !== undefined)
      return facts('conflict', `${workflowId} is being handed over to ${under_way.to}`)
    if (parent !== undefined) {
      return facts(
        'conflict',
        `${workflowId} is the step ${parent.step} of ${parent.workflow_id}, which moves with it`,
      )
    }
    return undefined
  }

  /** Brings it to rest, and sends it; where that does not come about, it goes on as if nothing had been asked. */
  async #begin(workflowId: string, requestId: number, leaving: Leaving): Promise<void> {
    const { engine, newTransferId } = this.#init
    const running = await engine.rest(workflowId, REST_MS)
    if (this.#ending.signal.aborted) return
    if (running.length > 0) {
      const what = `${running.slice(0, 10).join(', ')}${running.length > 10 ? ', …' : ''}`
      await this.#refuse(
        workflowId,
        requestId,
        facts('conflict', `steps of ${workflowId} still ran after ${REST_MS} ms: ${what}`, true),
      )
      engine.awaken(workflowId)
      return
    }
    const transfer = newTransferId()
    const began: NewEvent = { kind: 'handover_began', to: leaving.to, transfer }
    const head = await this.#record(workflowId, [began], [requestId])
    if (head !== undefined) await this.#transfer(head, transfer, leaving, false)
  }

  /** `inDoubt`: an earlier run may have sent all of it. */
  async #transfer(head: WorkflowHead, transfer: string, leaving: Leaving, inDoubt: boolean): Promise<void> {
    const { workflow_id } = head
    const attempt = { inDoubt }
    for (let wait = RETRY_MS; !this.#ending.signal.aborted; wait = Math.min(wait * 2, RETRY_MAX_MS)) {
      if (attempt.inDoubt && !(await this.#isPending(workflow_id, transfer))) return
      const answer = await this.#slots.run(() => this.#send(head, transfer, leaving.to, attempt))
      if (this.#ending.signal.aborted) return
      if (answer !== undefined) return this.#settle(workflow_id, leaving.to, answer)
      await this.#pause(leaving, wait)
    }
  }

  /** Another engine may have got the answer, and more may have happened since. */
  async #isPending(workflowId: string, transfer: string): Promise<boolean> {
    const head = await this.#insist(() => this.#init.store.head(workflowId))
    return head?.handover?.transfer === transfer
  }

  /**
   * Sends all pages. Undefined: it is not known whether the node has it. Before the last page was sent it cannot
   * have it, so that a failure is a refusal.
   */
  async #send(
    head: WorkflowHead,
    transfer: string,
    to: string,
    attempt: { inDoubt: boolean },
  ): Promise<TransferAnswer | undefined> {
    const { store, readBody, peers, logger } = this.#init
    const { signal } = this.#ending
    try {
      for await (const page of transferPages({ store, readBody }, head, transfer)) {
        signal.throwIfAborted()
        if (page.last === true) attempt.inDoubt = true
        const answer = await peers.send(to, page, PAGE_MS, signal)
        if (!('next' in answer)) return answer
      }
      throw new ToolmeshError('internal', `the node ${to} gave no answer to the last page`)
    } catch (error) {
      if (!attempt.inDoubt) return { refused: factsOf(error) }
      logger('info', 'whether a node took a workflow is not known yet', {
        workflow_id: head.workflow_id,
        to,
        error: String(error),
      })
      return undefined
    }
  }

  async #settle(workflowId: string, to: string, answer: TransferAnswer): Promise<void> {
    const { store, engine, logger } = this.#init
    if ('refused' in answer) {
      logger('info', 'a node refused a workflow', { workflow_id: workflowId, to, ...answer.refused })
      const refused: NewEvent = { kind: 'handover_refused', to, error: answer.refused }
      if ((await this.#record(workflowId, [refused], [])) !== undefined) engine.awaken(workflowId)
      return
    }
    // Nothing was taken down for it since it began: these went along.
    const requests = await this.#insist(() => store.requests(workflowId))
    const done = requests?.map(({ id }) => id)
    if (done === undefined) return
    await this.#record(workflowId, [{ kind: 'handed_over', to }], done)
    logger('info', 'a workflow was handed over', { workflow_id: workflowId, to })
  }

  #refuse(workflowId: string, requestId: number, error: ErrorFacts): Promise<unknown> {
    return this.#record(workflowId, [{ kind: 'request_refused', request: 'hand_over', error }], [requestId])
  }

  /** Undefined: this engine does not own it any more, or ends. */
  #record(
    id: string,
    events: readonly NewEvent[],
    done: readonly number[],
  ): Promise<WorkflowHead | undefined> {
    return this.#insist(() => this.#init.engine.record(id, events, done))
  }

  /** Tries until the store can be reached; what cannot be repeated is refused by the fence or the sequence of events. */
  async #insist<T>(work: () => Promise<T>): Promise<T | undefined> {
    for (let wait = RETRY_MS; !this.#ending.signal.aborted; wait = Math.min(wait * 2, RETRY_MAX_MS)) {
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof ToolmeshError) || error.code !== 'unavailable') {
          if (error instanceof ToolmeshError && error.code === 'stale_fence') return undefined
          throw error
        }
      }
      await this.#pause({ to: '', wake: () => {} }, wait)
    }
    return undefined
  }

  #pause(leaving: Leaving, ms: number): Promise<void> {
    const { signal } = this.#ending
    return new Promise(resolve => {
      const end = (): void => {
        stop()
        signal.removeEventListener('abort', end)
        leaving.wake = () => {}
        resolve()
      }
      const stop = this.#init.clock.after(ms, end)
      signal.addEventListener('abort', end, { once: true })
      leaving.wake = end
    })
  }

  #add(workflowId: string, to: string): Leaving {
    const leaving = { to, wake: () => {} }
    this.#leaving.set(workflowId, leaving)
    return leaving
  }

  #run(workflowId: string, work: () => Promise<unknown>): void {
    const done = work().then(
      () => {},
      error => {
        this.#init.logger('warning', 'a handover failed', { workflow_id: workflowId, error: String(error) })
      },
    )
    this.#work.add(done)
    void done.then(() => this.#work.delete(done))
  }
}

function unreachable(to: string): ErrorFacts {
  return facts('owner_unreachable', `there is no session with the node ${to}, and none can be opened`)
}

function facts(code: ErrorFacts['code'], message: string, retryable?: boolean): ErrorFacts {
  return new ToolmeshError(code, message, retryable === undefined ? {} : { retryable }).toFacts()
}
