import type { Clock } from '../../clock.ts'
import type { Logger } from '../../logger.ts'
import type { Bodies } from '../../queue/bodies/bodies.ts'
import type { NewEvent } from '../ownership/engine-port.ts'
import type { Append, AppendReply, KeptBody, WorkflowStore } from '../store/store.ts'
import type { Body, WorkflowEvent } from '../workflow.ts'
import { nothingWritten, type OpenWorkflow, type Unwritten } from './open-workflow.ts'

/** Milliseconds that an event may wait for others which no recovery needs: the queue tells of it again. */
const LAZY_MS = 20
/** As many of them do not wait any longer. */
const LAZY_EVENTS = 500
/** Milliseconds until a store that took nothing is asked again: the first time, and at most. */
const RETRY_MS = 250
const RETRY_MAX_MS = 10_000

export interface JournalInit {
  store: Pick<WorkflowStore, 'append'>
  bodies: Pick<Bodies, 'release'>
  clock: Clock
  logger: Logger
  /** See WorkflowLimits. */
  eventsPerAppend: number
  /** False while nothing may be appended. */
  mayAct: () => boolean
  /** Events of the workflow became durable. */
  onAppended: (workflow: OpenWorkflow) => void
  /** The store refused: the workflow is another engine's, or is not as it is thought to be here. */
  onRefused: (workflow: OpenWorkflow, refusal: Extract<AppendReply, { done: false }>['refusal']) => void
}

/** What an event brings beside itself. */
export interface Enclosed {
  bodies?: KeptBody[]
  /** Bodies that this engine has kept and that are released after the append. */
  pinned?: Body[]
  /** The request that is carried out by it. */
  request?: number
}

/**
 * Writes down what happens to the workflows of one engine: all that came up while the last append ran goes with the
 * next, whatever workflow it is of. What is recorded holds at once in memory, and is durable some time later, in order.
 */
export class Journal {
  readonly #init: JournalInit
  readonly #waiting = new Set<OpenWorkflow>()
  #sending: { workflow: OpenWorkflow; unwritten: Unwritten }[] | undefined
  #scheduled = false
  /** What waits is to be written at once. */
  #urgent = false
  /** Events that may wait, since the last append. */
  #lazy = 0
  #stopTimer: (() => void) | undefined
  #failures = 0
  readonly #settled = new Map<OpenWorkflow, { seq: number; resolve: () => void }[]>()
  #idle: (() => void)[] = []
  #closed = false

  constructor(init: JournalInit) {
    this.#init = init
  }

  /** Records an event that is written as soon as the append under way is over. */
  record(workflow: OpenWorkflow, event: NewEvent, enclosed: Enclosed = {}): void {
    this.#add(workflow, event, enclosed)
    this.flush()
  }

  /** Records an event that may wait a moment for others: were it never written, it would come about again. */
  recordLazily(workflow: OpenWorkflow, event: NewEvent, enclosed: Enclosed = {}): void {
    this.#add(workflow, event, enclosed)
    this.#lazy += 1
    if (this.#lazy >= LAZY_EVENTS) this.flush()
    else this.#wait()
  }

  /** Nothing of the workflow is submitted before what was recorded until now is durable. */
  bar(workflow: OpenWorkflow): void {
    workflow.barrier = workflow.progress.seq
    this.flush()
  }

  /** Appends what waits, after the running microtasks. */
  flush(): void {
    this.#urgent = true
    if (this.#scheduled || this.#sending !== undefined || this.#closed) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      void this.#send()
    })
  }

  /** Resolves when all that is recorded of it is durable, or when it is forgotten. */
  async settled(workflow: OpenWorkflow): Promise<void> {
    if (workflow.appended >= workflow.progress.seq || workflow.closed) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const waiting = this.#settled.get(workflow) ?? []
    waiting.push({ seq: workflow.progress.seq, resolve })
    this.#settled.set(workflow, waiting)
    this.flush()
    await promise
  }

  /** Forgets what is not on its way yet. */
  forget(workflow: OpenWorkflow): void {
    this.#waiting.delete(workflow)
    const { pinned } = workflow.unwritten
    workflow.unwritten = nothingWritten()
    for (const body of pinned) this.#init.bodies.release(body, true)
    for (const { resolve } of this.#settled.get(workflow) ?? []) resolve()
    this.#settled.delete(workflow)
  }

  /** Resolves when nothing waits and nothing is under way. */
  async idle(): Promise<void> {
    if (this.#waiting.size === 0 && this.#sending === undefined) return
    this.flush()
    await new Promise<void>(resolve => this.#idle.push(resolve))
  }

  close(): void {
    this.#closed = true
    this.#stopTimer?.()
    for (const workflow of [...this.#waiting]) this.forget(workflow)
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  #add(workflow: OpenWorkflow, event: NewEvent, { bodies, pinned, request }: Enclosed): void {
    const at = this.#init.clock.now()
    const whole = { seq: workflow.progress.seq + 1, at, ...event } as WorkflowEvent
    workflow.progress.apply(whole)
    const { unwritten } = workflow
    unwritten.events.push(whole)
    if (bodies !== undefined) unwritten.bodies.push(...bodies)
    if (pinned !== undefined) unwritten.pinned.push(...pinned)
    if (request !== undefined) unwritten.requestsDone.push(request)
    this.#waiting.add(workflow)
  }

  #wait(): void {
    if (this.#stopTimer !== undefined || this.#scheduled || this.#sending !== undefined || this.#closed)
      return
    this.#stopTimer = this.#init.clock.after(LAZY_MS, () => this.flush())
  }

  async #send(): Promise<void> {
    this.#stopTimer?.()
    this.#stopTimer = undefined
    if (this.#sending !== undefined || this.#closed || this.#waiting.size === 0 || !this.#init.mayAct())
      return
    this.#urgent = false
    this.#lazy = 0
    const sending = this.#take()
    this.#sending = sending
    try {
      const at = this.#init.clock.now()
      const replies = await this.#init.store.append(
        sending.map(({ workflow, unwritten }) => this.#appendOf(workflow, unwritten, at)),
      )
      this.#failures = 0
      this.#sending = undefined
      for (const [at, sent] of sending.entries()) this.#follow(sent, replies[at])
      if (this.#waiting.size > 0) {
        if (this.#urgent) this.flush()
        else this.#wait()
      }
    } catch (error) {
      this.#sending = undefined
      this.#putBack(sending)
      this.#retry(error)
    }
    if (this.#waiting.size === 0) for (const resolve of this.#idle.splice(0)) resolve()
  }

  #take(): { workflow: OpenWorkflow; unwritten: Unwritten }[] {
    const taken: { workflow: OpenWorkflow; unwritten: Unwritten }[] = []
    let events = 0
    for (const workflow of this.#waiting) {
      if (events >= this.#init.eventsPerAppend) {
        this.#urgent = true
        break
      }
      const { unwritten } = workflow
      events += unwritten.events.length
      taken.push({ workflow, unwritten })
      workflow.unwritten = nothingWritten()
      this.#waiting.delete(workflow)
    }
    return taken
  }

  #appendOf(workflow: OpenWorkflow, { events, bodies, requestsDone }: Unwritten, at: number): Append {
    workflow.head = workflow.headNow(at)
    return {
      workflow_id: workflow.id,
      fence: workflow.head.fence,
      events,
      bodies,
      head: workflow.head,
      requests_done: requestsDone,
    }
  }

  #follow(
    { workflow, unwritten }: { workflow: OpenWorkflow; unwritten: Unwritten },
    reply: AppendReply | undefined,
  ): void {
    for (const body of unwritten.pinned) this.#init.bodies.release(body, reply?.done === true)
    if (workflow.closed) return
    if (reply === undefined || !reply.done) {
      this.#init.onRefused(workflow, reply?.refusal ?? 'conflict')
      return
    }
    workflow.appended = unwritten.events.at(-1)?.seq ?? workflow.appended
    const waiting = this.#settled.get(workflow) ?? []
    const still = waiting.filter(({ seq }) => seq > workflow.appended)
    if (still.length > 0) this.#settled.set(workflow, still)
    else this.#settled.delete(workflow)
    for (const { seq, resolve } of waiting) if (seq <= workflow.appended) resolve()
    this.#init.onAppended(workflow)
  }

  #putBack(sent: { workflow: OpenWorkflow; unwritten: Unwritten }[]): void {
    for (const { workflow, unwritten } of sent) {
      if (workflow.closed) {
        for (const body of unwritten.pinned) this.#init.bodies.release(body, true)
        continue
      }
      const later = workflow.unwritten
      workflow.unwritten = {
        events: unwritten.events.concat(later.events),
        bodies: unwritten.bodies.concat(later.bodies),
        pinned: unwritten.pinned.concat(later.pinned),
        requestsDone: unwritten.requestsDone.concat(later.requestsDone),
      }
      this.#waiting.add(workflow)
    }
  }

  #retry(error: unknown): void {
    if (this.#closed) return
    this.#failures += 1
    const pause = Math.min(RETRY_MS * 2 ** (this.#failures - 1), RETRY_MAX_MS)
    if (this.#failures === 1)
      this.#init.logger('error', 'events of workflows could not be written; trying until they are', {
        error: String(error),
      })
    this.#stopTimer = this.#init.clock.after(pause, () => void this.#send())
  }
}
