import type { Clock } from '../clock.ts'
import { type ErrorFacts, InvalidInputError, ToolmeshError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { Bodies } from '../queue/bodies/bodies.ts'
import { taskIds } from '../queue/requests/task-id.ts'
import { ResultWaiters } from '../queue/result-waiters.ts'
import type { Catalogue } from '../tools/catalogue.ts'
import type { Json } from '../tools/tool.ts'
import { checkGiven } from './definition/check-given.ts'
import type { Plan } from './definition/plan.ts'
import { Engine } from './engine/engine.ts'
import { DEFAULT_WORKFLOW_LIMITS, type WorkflowLimits } from './engine/limits.ts'
import { Plans } from './engine/plans.ts'
import { rescheduled } from './engine/reschedule.ts'
import { checkSignal, ensureSignalRoom } from './engine/signals.ts'
import { WorkflowEndedError } from './errors.ts'
import { HeadFeed } from './head-feed.ts'
import type { EngineHooks } from './ownership/engine-port.ts'
import { Ownership } from './ownership/ownership.ts'
import type { Evaluate, ResultCache, TaskPort } from './ports.ts'
import { type ItemPage, type StepPage, WorkflowReader } from './reading/workflow-reader.ts'
import type {
  DryRun,
  ItemStatus,
  StepDetail,
  StepStatus,
  WorkflowOutcome,
  WorkflowOwner,
  WorkflowReceipt,
  WorkflowSubmission,
} from './status.ts'
import type {
  StoredDefinition,
  WorkflowEventPage,
  WorkflowFilter,
  WorkflowPage,
  WorkflowStore,
} from './store/store.ts'
import { Submissions } from './submissions.ts'
import type { WorkflowHead, WorkflowRequest, WorkflowState } from './workflow.ts'

/** Longest wait until a reschedule is carried out by the owner, milliseconds; it is durable from the beginning. */
const CARRIED_OUT_MS = 10_000
/** Characters of a reason. */
const REASON_CHARS = 1_000

export interface WorkflowsInit {
  store: WorkflowStore
  tasks: TaskPort
  /** Large inputs and outputs, beside the store. */
  bodies: Bodies
  tools: Pick<Catalogue, 'get' | 'list'>
  evaluate: Evaluate
  /** Results of pure tools; without it `cache` of a step has no effect. */
  cache?: ResultCache
  /** Why a principal may run nothing (any more); undefined when it may. */
  mayRun: (principal: string) => ErrorFacts | undefined
  /** The params of a task; undefined when it is not kept any more. */
  paramsOf: (taskId: string) => Promise<Json | undefined>
  /** What hands workflows over to other nodes; without it a hand over is refused. */
  handover?: (parts: HandoverParts) => Pick<EngineHooks, 'leaving' | 'handOver'>
  /** Peer id of this node; its last 8 characters begin each workflow id. */
  ownerId: string
  /** Random for each run of the node. */
  engineId: string
  /** Milliseconds that the engine's lease lasts without renewal. Default 10,000. */
  leaseMs?: number
  limits?: Partial<WorkflowLimits>
  clock: Clock
  logger: Logger
  /** Uniform in [0, 1). */
  random: () => number
}

/** What hands workflows over, and takes them from other nodes, works with. */
export interface HandoverParts {
  engine: Engine
  ownership: Ownership
  plans: Plans
  limits: WorkflowLimits
}

/**
 * The workflows of one node: what is acknowledged is durable; each step of a generation is committed once, whatever
 * happens to the node. Whatever names a workflow that is not there rejects with `not_found`; every change with
 * `unavailable` while the store takes none.
 */
export class Workflows {
  readonly #init: WorkflowsInit
  readonly #limits: WorkflowLimits
  readonly #engine: Engine
  readonly #ownership: Ownership
  readonly #submissions: Submissions
  readonly #reader: WorkflowReader
  readonly #waiters: ResultWaiters
  readonly #heads: HeadFeed
  #stopWatching = () => {}

  constructor(init: WorkflowsInit) {
    const { store, bodies, tools, clock, logger, random, ownerId } = init
    const limits = { ...DEFAULT_WORKFLOW_LIMITS, ...init.limits }
    this.#init = init
    this.#limits = limits
    const plans = new Plans({ store, bodies, tools, planSteps: limits.planSteps })
    const engine = new Engine({
      ...init,
      plans,
      limits,
      nextId: taskIds(ownerId, clock, random),
      ownerFor: rootId => this.#ownership.ownerFor(rootId),
      hooks: {
        mayAct: () => this.#ownership.mayAct,
        refused: id => this.#ownership.recheck(id),
        leaving: head => handover.leaving(head),
        handOver: (head, request) => handover.handOver(head, request),
      },
    })
    this.#engine = engine
    this.#ownership = new Ownership({ ...init, engine, node: ownerId })
    const handover =
      init.handover?.({ engine, ownership: this.#ownership, plans, limits }) ?? noHandover(engine)
    this.#submissions = new Submissions({ engine, plans, store, limits, now: () => clock.now() })
    this.#waiters = new ResultWaiters(clock, limits.resultWaiters)
    this.#reader = new WorkflowReader({
      store,
      bodies,
      plans,
      waiters: this.#waiters,
      paramsOf: init.paramsOf,
      running: engine,
      viewSteps: limits.viewSteps,
      resultWaitMs: limits.resultWaitMs,
    })
    this.#heads = new HeadFeed({ headOf: async id => engine.headOf(id) ?? (await store.head(id)), logger })
  }

  /** Takes its lease and goes on with what is there; call it once, before anything else. */
  async start(): Promise<void> {
    this.#stopWatching = this.#init.store.watch(({ workflow_id, what }) => {
      if (what === 'ended') this.#waiters.wake(workflow_id)
      if (what === 'ended' || what === 'changed') this.#heads.changed(workflow_id)
    })
    await this.#ownership.start()
  }

  /** Resolves when what happened while nobody drove the workflows of this engine is written down. */
  recovered(): Promise<void> {
    return this.#engine.caughtUp()
  }

  /** Starts no further steps, and hands on what others on this store can drive; or until `signal` is aborted. */
  async drain(signal: AbortSignal): Promise<void> {
    this.#engine.startNothing()
    const { promise, resolve } = Promise.withResolvers<void>()
    signal.addEventListener('abort', () => resolve(), { once: true })
    if (signal.aborted) resolve()
    await Promise.race([promise, this.#ownership.drain()])
  }

  /** Ends all activity; what was accepted is durable afterwards. The store stays open. */
  async close(): Promise<void> {
    this.#stopWatching()
    this.#heads.close()
    this.#waiters.close()
    await this.#engine.settled()
    this.#engine.close()
    await this.#ownership.close()
  }

  /** See `Submissions.submit`. */
  submit(principal: string, submission: WorkflowSubmission): Promise<WorkflowReceipt> {
    return this.#submissions.submit(principal, submission)
  }

  /** See `Submissions.submitOnce`. */
  submitOnce(principal: string, submission: WorkflowSubmission, key: string): Promise<WorkflowReceipt> {
    return this.#submissions.submitOnce(principal, submission, key)
  }

  /** What a submit would run; nothing is kept. */
  check(submission: WorkflowSubmission): Promise<DryRun> {
    return this.#submissions.check(submission)
  }

  head(id: string): Promise<WorkflowHead> {
    return this.#reader.head(id)
  }

  plan(id: string): Promise<Plan> {
    return this.#reader.plan(id)
  }

  steps(id: string, page: StepPage): Promise<StepStatus[]> {
    return this.#reader.steps(id, page)
  }

  step(id: string, step: string, options?: { item?: number }): Promise<StepDetail> {
    return this.#reader.step(id, step, options)
  }

  items(id: string, step: string, page: ItemPage): Promise<ItemStatus[]> {
    return this.#reader.items(id, step, page)
  }

  /** How it stands, after waiting at most `wait_ms` for its end. */
  result(id: string, options: { wait_ms?: number; signal?: AbortSignal } = {}): Promise<WorkflowOutcome> {
    return this.#reader.result(id, options)
  }

  events(id: string, after: number, limit: number): Promise<WorkflowEventPage> {
    return this.#reader.events(id, after, limit)
  }

  list(filter: WorkflowFilter): Promise<WorkflowPage> {
    return this.#init.store.list(filter)
  }

  counts(): Promise<Record<WorkflowState, number>> {
    return this.#init.store.counts()
  }

  /** Calls `listener` with the head after changes, several of which may be told as one; the returned function ends it. */
  onChange(listener: (head: WorkflowHead) => void): () => void {
    return this.#heads.onChange(listener)
  }

  /** Durable when it resolves; what runs is told to end. Rejects with `conflict` where it has ended. */
  async cancel(id: string, by: string, reason: string): Promise<void> {
    await this.#openHead(id, 'cancelled')
    await this.#ask(id, { kind: 'cancel', by, reason: reason.slice(0, REASON_CHARS) })
  }

  /**
   * Durable when it resolves, and waits for its step where that has not begun. Rejects with `invalid_input` (no step
   * waits for it, or the payload does not fit), `conflict` (it has ended), `queue_full` (too many wait already).
   */
  async signal(id: string, by: string, signal: string, payload: Json): Promise<void> {
    await this.#openHead(id, 'signalled')
    checkSignal(await this.#reader.plan(id), signal, payload)
    // What the owner would refuse is not written down first.
    const { progress } = await this.#reader.history(id)
    ensureSignalRoom(progress, signal, this.#limits.signalsWaiting)
    await this.#ask(id, { kind: 'signal', by, signal }, payload)
  }

  /**
   * Runs steps anew, with all that follow on them: those named, `from`, or else those that failed or were cancelled;
   * of an ended workflow too, and with another input. Rejects with `conflict` (some of it runs, nothing to run),
   * `invalid_input` (no such step, or an input that does not fit).
   */
  async reschedule(
    id: string,
    by: string,
    { steps = [], from, input }: { steps?: string[]; from?: string; input?: Json },
  ): Promise<{ generation: number; steps: string[] }> {
    if (from !== undefined && steps.length > 0)
      throw new InvalidInputError('/from', from, 'from or steps, not both')
    const head = await this.#reader.head(id)
    ensureHere(head)
    const named = from === undefined ? steps : [from]
    const { progress } = await this.#reader.history(id)
    const { plan } = progress
    const chosen = rescheduled(
      {
        plan,
        generation: progress.generation,
        stateOf: index => progress.stateOf(index),
        withFollowers: indexes => progress.withFollowers(indexes),
      },
      named,
    )
    if (input !== undefined) checkGiven(input, plan.definition.input_schema, '/input')
    await this.#ask(id, { kind: 'reschedule', by, steps: named }, input)
    if (head.ended_at !== undefined) await this.#engine.reopen(id)
    const generation = progress.generation + 1
    await this.#heads.until(id, now => now.generation >= generation, CARRIED_OUT_MS, this.#init.clock)
    return { generation, steps: chosen.flatMap(index => plan.steps[index]?.id ?? []) }
  }

  /** Who drives it, and why. */
  async owner(id: string): Promise<WorkflowOwner> {
    return this.#ownership.coordination(await this.#reader.head(id))
  }

  /** Asks its owner to give it to a node of another store; what comes of it is among its events. */
  async handOver(id: string, by: string, to: string): Promise<void> {
    await this.#openHead(id, 'handed over')
    await this.#ask(id, { kind: 'hand_over', by, to })
  }

  /** See `Submissions.define`. */
  define(
    principal: string,
    given: { name?: string; version?: string; definition: unknown },
  ): Promise<Omit<StoredDefinition, 'definition'>> {
    return this.#submissions.define(principal, given)
  }

  definition(name: string, version?: string): Promise<StoredDefinition> {
    return this.#submissions.definition(name, version)
  }

  definitions(
    filter: Parameters<WorkflowStore['definitions']>[0],
  ): Promise<Omit<StoredDefinition, 'definition'>[]> {
    return this.#init.store.definitions(filter)
  }

  async #openHead(id: string, what: string): Promise<WorkflowHead> {
    const head = await this.#reader.head(id)
    ensureHere(head)
    if (head.ended_at !== undefined) throw new WorkflowEndedError(id, head.state, what)
    return head
  }

  async #ask(id: string, request: WorkflowRequest, payload?: Json): Promise<void> {
    const { store, bodies } = this.#init
    if (payload === undefined) {
      await store.request(id, request)
      return
    }
    const body = await bodies.keep(JSON.stringify(payload), request.kind === 'signal' ? '/payload' : '/input')
    try {
      await store.request(id, request, body)
    } finally {
      bodies.release(body, true)
    }
  }
}

function ensureHere({ workflow_id, moved_to }: WorkflowHead): void {
  if (moved_to === undefined) return
  throw new ToolmeshError('owner_unreachable', `workflow ${workflow_id} is with the node ${moved_to} now`)
}

function noHandover(engine: Engine): Pick<EngineHooks, 'leaving' | 'handOver'> {
  return {
    leaving() {},
    handOver({ workflow_id }, { id }) {
      const error: ErrorFacts = {
        code: 'unavailable',
        message: 'this node hands over no workflows',
        retryable: false,
      }
      void engine
        .record(workflow_id, [{ kind: 'request_refused', request: 'hand_over', error }], [id])
        .catch(() => {})
    },
  }
}
