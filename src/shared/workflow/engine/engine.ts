import type { Clock } from '../../clock.ts'
import { type ErrorFacts, factsOf, ToolmeshError } from '../../errors.ts'
import type { Logger } from '../../logger.ts'
import { AlarmClock } from '../../queue/alarm-clock.ts'
import type { Bodies } from '../../queue/bodies/bodies.ts'
import type { Plan } from '../definition/plan.ts'
import type { EngineHooks, HandoverEngine, NewEvent, OwnedEngine } from '../ownership/engine-port.ts'
import type { Evaluate, ResultCache, TaskPort } from '../ports.ts'
import type { AppendReply, StoreHint, WorkflowStore } from '../store/store.ts'
import type { WorkflowEvent, WorkflowHead } from '../workflow.ts'
import { ChildRooms } from './child-rooms.ts'
import { ChildWorkflows } from './child-workflows.ts'
import { Endings } from './endings.ts'
import { Journal } from './journal.ts'
import type { WorkflowLimits } from './limits.ts'
import { NewWorkflows } from './new-workflows.ts'
import { OpenWorkflow } from './open-workflow.ts'
import type { Plans } from './plans.ts'
import { Progress } from './progress.ts'
import { Requests } from './requests.ts'
import { StepRunner } from './step-runner.ts'
import { Values } from './values.ts'
import type { StepRun } from './work.ts'
import { WorkRunner } from './work-runner.ts'

/** Events that are read at once. */
const EVENTS_PAGE = 1_000
/** Workflows whose events are read at once. */
const LOADING = 8
/** Milliseconds until a workflow that could not be read is tried again. */
const RETRY_MS = 1_000

export interface EngineInit {
  /** Random for each run of a node. */
  engineId: string
  store: WorkflowStore
  tasks: TaskPort
  /** Large inputs and outputs, beside the store. */
  bodies: Pick<Bodies, 'keep' | 'read' | 'release'>
  plans: Plans
  cache?: ResultCache
  evaluate: Evaluate
  /** Why a principal may run nothing (any more); undefined when it may. */
  mayRun: (principal: string) => ErrorFacts | undefined
  /** Ids of new workflows. */
  nextId: () => string
  /** The engine that is to drive a new workflow; undefined: nobody yet. */
  ownerFor: (rootId: string) => string | undefined
  hooks: EngineHooks
  limits: WorkflowLimits
  clock: Clock
  logger: Logger
}

/**
 * Drives the workflows that belong to it: folds their events, runs the steps that are ready, and writes down what
 * happens. Truth is in the stores: what is submitted is found again by its key, so whatever moment an engine is lost
 * at, the one that adopts its workflows goes on without running a committed step again.
 */
export class Engine implements OwnedEngine, HandoverEngine {
  readonly #init: EngineInit
  readonly #open = new Map<string, OpenWorkflow>()
  /** Of those in `#open` that have no parent. */
  readonly #outermost = { workflows: 0, steps: 0 }
  /** Heads of those that are to be read, by id. */
  readonly #toLoad = new Map<string, WorkflowHead>()
  readonly #loading = new Set<string>()
  readonly #alarms: AlarmClock
  readonly #journal: Journal
  readonly #values: Values
  readonly #children: ChildWorkflows
  readonly #works: WorkRunner
  readonly #steps: StepRunner
  readonly #requests: Requests
  readonly #endings: Endings
  readonly #ending = new AbortController()
  readonly #resting = new Map<OpenWorkflow, () => void>()
  readonly #stopWatching: () => void
  /** Who waits until nothing is left to be read. */
  readonly #whenLoaded: (() => void)[] = []
  #startsNothing = false
  /** Workflows that were opened so far. */
  #opened = 0
  #closed = false
  /** Makes new workflows durable. */
  readonly created: NewWorkflows

  constructor(init: EngineInit) {
    const { store, clock, logger, hooks, limits, bodies, plans } = init
    this.#init = init
    this.#alarms = new AlarmClock(clock)
    this.#journal = new Journal({
      ...init,
      eventsPerAppend: limits.eventsPerAppend,
      mayAct: () => hooks.mayAct(),
      onAppended: workflow => this.#appended(workflow),
      onRefused: (workflow, refusal) => this.#refused(workflow, refusal),
    })
    this.#values = new Values({
      ...init,
      journal: this.#journal,
      valueChars: limits.valueChars,
      signal: this.#ending.signal,
    })
    this.created = new NewWorkflows({
      ...init,
      onCreated: (head, plan, events) => this.#begin(head, plan, events),
    })
    const rooms = new ChildRooms(limits.childSteps)
    this.#children = new ChildWorkflows({
      rooms,
      store,
      plans,
      created: this.created,
      clock,
      logger,
      depth: limits.depth,
    })
    this.#works = new WorkRunner({
      ...init,
      children: this.#children,
      rooms,
      values: this.#values,
      starting: limits.starting,
      mayAct: () => hooks.mayAct() && !this.#startsNothing,
      onStarted: work => this.#steps.started(work),
      onEnded: (work, end) => {
        this.#steps.ended(work, end)
        this.#rested(work.run.workflow)
      },
      onStale: workflow => this.#refused(workflow, 'stale_fence'),
    })
    this.#steps = new StepRunner({
      journal: this.#journal,
      values: this.#values,
      works: () => this.#works,
      bodies,
      alarms: this.#alarms,
      clock,
      items: limits.items,
      lists: limits.lists,
      onDone: workflow => this.#endings.done(workflow),
    })
    this.#endings = new Endings({
      journal: this.#journal,
      values: this.#values,
      bodies,
      steps: this.#steps,
      clock,
      onEnded: workflow => void this.#close(workflow),
    })
    this.#requests = new Requests({
      ...init,
      journal: this.#journal,
      signalsWaiting: limits.signalsWaiting,
      onSignal: (workflow, signal) => this.#steps.signalled(workflow, signal),
      onCancel: (workflow, reason, request) =>
        this.#endings.stop(workflow, { kind: 'cancel', reason, request }),
      onRescheduled: workflow => this.#again(workflow),
    })
    this.#stopWatching = store.watch(hint => this.#heard(hint))
  }

  get engineId(): string {
    return this.#init.engineId
  }

  has(workflowId: string): boolean {
    return this.#open.has(workflowId) || this.#isRead(workflowId) || this.created.has(workflowId)
  }

  open(): Iterable<string> {
    return new Set([...this.#open.keys(), ...this.#loading, ...this.#toLoad.keys()])
  }

  /** The head of one that it works on. */
  headOf(workflowId: string): WorkflowHead | undefined {
    return this.#open.get(workflowId)?.head
  }

  /** What it works on of those without a parent: how many, and their steps as far as these are known. */
  get load(): { workflows: number; steps: number } {
    const { workflows, steps } = this.#outermost
    return { workflows: workflows + this.#loading.size + this.#toLoad.size, steps }
  }

  /** How many items of a step are under way; undefined where that is not known here. */
  items(workflowId: string, index: number): number | undefined {
    const workflow = this.#open.get(workflowId)
    return workflow === undefined ? undefined : (workflow.runs.get(index)?.works.size ?? 0)
  }

  /** Whether an item of a step is under way here. */
  isRunning(workflowId: string, index: number, item: number): boolean {
    return this.#open.get(workflowId)?.runs.get(index)?.works.has(item) ?? false
  }

  adopt(heads: readonly WorkflowHead[]): void {
    for (const head of heads) {
      const known = this.#open.get(head.workflow_id)
      if (known !== undefined && known.head.fence === head.fence) {
        this.#requests.attend(known)
        this.#works.go(known)
        continue
      }
      if (known !== undefined) this.#forget(known)
      this.#toLoad.set(head.workflow_id, head)
    }
    this.#journal.flush()
    this.#works.goOn()
    this.#load()
  }

  drop(workflowIds: readonly string[]): void {
    for (const id of workflowIds) {
      this.#toLoad.delete(id)
      const workflow = this.#open.get(id)
      if (workflow !== undefined) this.#forget(workflow)
    }
  }

  startNothing(): void {
    this.#startsNothing = true
  }

  /** Something was asked of a workflow that this engine owns and may not have in memory, as it has ended. */
  async attend(workflowId: string): Promise<void> {
    const known = this.#open.get(workflowId)
    if (known !== undefined) return this.#requests.attend(known)
    const head = await this.#init.store.head(workflowId)
    if (head?.owner === this.engineId && head.moved_to === undefined) this.adopt([head])
  }

  /** Something was asked of a workflow that has ended: takes it over to carry that out. */
  async reopen(workflowId: string): Promise<void> {
    const { store } = this.#init
    const head = await store.head(workflowId)
    if (head === undefined || head.moved_to !== undefined) return
    if (head.owner === this.engineId || head.ended_at === undefined) return this.attend(workflowId)
    const [claimed] = await store.claim([
      { workflow_id: workflowId, fence: head.fence, owner: this.engineId },
    ])
    // Another was faster: it sees the request too.
    if (claimed !== undefined) this.adopt([claimed])
  }

  async rest(workflowId: string, timeoutMs: number): Promise<string[]> {
    const workflow = this.#find(workflowId)
    workflow.resting = true
    if (isBusy(workflow)) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#resting.set(workflow, resolve)
      const alarm = this.#alarms.in(timeoutMs, resolve)
      await promise
      this.#alarms.off(alarm)
      this.#resting.delete(workflow)
    }
    return [...workflow.runs.values()].filter(hasBegun).map(({ step }) => step.id)
  }

  awaken(workflowId: string): void {
    const workflow = this.#open.get(workflowId)
    if (workflow === undefined) return
    workflow.resting = false
    this.#works.go(workflow)
    this.#requests.attend(workflow)
    this.#steps.decide(workflow)
  }

  async record(
    workflowId: string,
    events: readonly NewEvent[],
    requestsDone: readonly number[],
  ): Promise<WorkflowHead> {
    const workflow = this.#find(workflowId)
    workflow.unwritten.requestsDone.push(...requestsDone)
    for (const event of events) this.#journal.record(workflow, event)
    await this.#journal.settled(workflow)
    if (workflow.closed && workflow.appended < workflow.progress.seq)
      throw new ToolmeshError('stale_fence', `workflow ${workflowId} is not driven by this engine any more`)
    if (workflow.progress.movedTo !== undefined) this.#forget(workflow)
    return workflow.head
  }

  /** Resolves when all that it adopted is in memory, and the ends that came before are durable. */
  async caughtUp(): Promise<void> {
    if (this.#toLoad.size > 0 || this.#loading.size > 0)
      await new Promise<void>(resolve => this.#whenLoaded.push(resolve))
    await this.#works.caughtUp()
    await this.#journal.idle()
  }

  /** Resolves when all that has happened is durable. */
  async settled(): Promise<void> {
    await this.created.settled()
    await this.#journal.idle()
  }

  /** Ends all activity at once; what is not durable is found again by whoever goes on. */
  close(): void {
    this.#closed = true
    this.#stopWatching()
    this.#ending.abort()
    this.#toLoad.clear()
    for (const workflow of [...this.#open.values()]) this.#forget(workflow)
    this.#works.close()
    this.#alarms.close()
    this.#journal.close()
  }

  #isRead(workflowId: string): boolean {
    return this.#toLoad.has(workflowId) || this.#loading.has(workflowId)
  }

  #serial(): number {
    this.#opened += 1
    return this.#opened
  }

  #find(workflowId: string): OpenWorkflow {
    const workflow = this.#open.get(workflowId)
    if (workflow !== undefined) return workflow
    throw new ToolmeshError('stale_fence', `workflow ${workflowId} is not driven by this engine`)
  }

  #heard({ workflow_id, what, owner }: StoreHint): void {
    if (this.#closed) return
    if (what === 'ended') this.#children.look(workflow_id)
    if (what !== 'requested') return
    const known = this.#open.get(workflow_id)
    if (known !== undefined) this.#requests.attend(known)
    else if (owner === this.engineId && !this.has(workflow_id)) {
      this.attend(workflow_id).catch(error => this.#unreadable(workflow_id, error))
    }
  }

  /** Made just now, by this engine or a step of its. */
  #begin(head: WorkflowHead, plan: Plan, events: readonly WorkflowEvent[]): void {
    if (this.#closed || head.owner !== this.engineId) return
    // It was found in the store before the answer came that it is there.
    if (this.#open.has(head.workflow_id) || this.#isRead(head.workflow_id)) return
    const progress = new Progress(plan)
    for (const event of events) progress.apply(event)
    this.#go(new OpenWorkflow(head, plan, progress, this.#serial()))
  }

  #load(): void {
    for (const [id, head] of this.#toLoad) {
      if (this.#loading.size >= LOADING || this.#closed) return
      if (this.#loading.has(id)) continue
      this.#toLoad.delete(id)
      this.#loading.add(id)
      this.#read(head)
        .then(workflow => {
          this.#loading.delete(id)
          if (workflow !== undefined && !this.#closed && !this.#toLoad.has(id)) this.#goOn(workflow)
        })
        .catch(error => {
          this.#loading.delete(id)
          this.#unreadable(id, error, head)
        })
        .finally(() => this.#load())
    }
    if (this.#toLoad.size === 0 && this.#loading.size === 0)
      for (const resolve of this.#whenLoaded.splice(0)) resolve()
  }

  #unreadable(workflowId: string, error: unknown, head?: WorkflowHead): void {
    if (this.#closed) return
    const facts = factsOf(error)
    this.#init.logger('error', 'a workflow could not be read', {
      workflow_id: workflowId,
      error: facts.message,
    })
    // What is damaged stays so; it waits for another version or a person.
    if (facts.code !== 'unavailable' || head === undefined) return
    this.#init.clock.after(RETRY_MS, () => {
      if (!this.#closed && !this.has(workflowId)) this.adopt([head])
    })
  }

  async #read(head: WorkflowHead): Promise<OpenWorkflow | undefined> {
    const { store, plans } = this.#init
    const progress = new Progress(await plans.of(head))
    for (;;) {
      const { events, last } = await store.events(head.workflow_id, progress.seq, EVENTS_PAGE)
      for (const event of events) progress.apply(event)
      if (progress.seq >= last || events.length === 0) break
    }
    progress.refresh()
    // What others wrote after the head was read makes it theirs, which the first append will say.
    const workflow = new OpenWorkflow({ ...head, seq: progress.seq }, progress.plan, progress, this.#serial())
    if (progress.ended === undefined) workflow.earlier = await this.#works.earlier(head, progress.plan)
    return workflow
  }

  #goOn(workflow: OpenWorkflow): void {
    const { progress, head } = workflow
    if (progress.movedTo !== undefined) return
    if (progress.claimedFence !== head.fence && progress.ended === undefined)
      this.#journal.record(workflow, { kind: 'claimed', engine: this.engineId, fence: head.fence })
    this.#go(workflow)
  }

  #go(workflow: OpenWorkflow): void {
    const { progress } = workflow
    this.#open.set(workflow.id, workflow)
    this.#count(workflow, 1)
    if (progress.handover !== undefined) {
      this.#init.hooks.leaving(workflow.head)
      return
    }
    if (progress.ended === undefined) {
      this.#limitTime(workflow)
      this.#steps.resume(workflow)
      this.#steps.decide(workflow)
    }
    if (workflow.closed) return
    // One that was made just now cannot have been asked for anything that is not heard of.
    if (workflow.appended > 2 || progress.ended !== undefined) this.#requests.attend(workflow)
    if (progress.ended !== undefined) void this.#close(workflow)
  }

  #limitTime(workflow: OpenWorkflow): void {
    const { timeout_ms: limit } = workflow.plan.definition
    this.#alarms.off(workflow.timeLimit)
    if (limit === undefined) return
    workflow.timeLimit = this.#alarms.at(workflow.progress.openedAt + limit, () => {
      const reason = `the workflow took longer than its ${limit} ms`
      if (!workflow.closed) this.#endings.stop(workflow, { kind: 'timed_out', reason })
    })
  }

  #again(workflow: OpenWorkflow): void {
    for (const run of [...workflow.runs.values()]) {
      // Others have begun in their generation, also where that is not written down yet.
      if (workflow.progress.generationOf(run.step.index) !== run.generation) this.#steps.abandon(run)
    }
    workflow.finishing = false
    this.#limitTime(workflow)
    this.#steps.decide(workflow)
  }

  #appended(workflow: OpenWorkflow): void {
    this.#works.go(workflow)
  }

  #refused(workflow: OpenWorkflow, refusal: Extract<AppendReply, { done: false }>['refusal']): void {
    const { head } = workflow
    this.#forget(workflow)
    if (refusal !== 'conflict') {
      this.#init.hooks.refused(workflow.id)
      return
    }
    // A commit that was thought to have failed was none: what the store holds is what counts.
    this.#init.logger('warning', 'a workflow is read again, as the store has other events of it', {
      workflow_id: workflow.id,
    })
    this.adopt([head])
  }

  /** It has ended: as soon as that is durable, and nothing more was asked of it, it leaves the memory. */
  async #close(workflow: OpenWorkflow): Promise<void> {
    this.#alarms.off(workflow.timeLimit)
    await this.#journal.settled(workflow)
    while (workflow.reading && !workflow.closed) await this.#requests.settled(workflow)
    if (workflow.closed || workflow.progress.ended === undefined) return
    if (workflow.appended < workflow.progress.seq) return this.#close(workflow)
    this.#forget(workflow)
  }

  #forget(workflow: OpenWorkflow): void {
    workflow.closed = true
    if (this.#open.get(workflow.id) === workflow) {
      this.#open.delete(workflow.id)
      this.#count(workflow, -1)
    }
    this.#alarms.off(workflow.timeLimit)
    this.#works.forget(workflow)
    for (const run of [...workflow.runs.values()]) this.#steps.abandon(run)
    this.#journal.forget(workflow)
    this.#resting.get(workflow)?.()
  }

  #count({ head, plan }: OpenWorkflow, by: 1 | -1): void {
    if (head.parent !== undefined) return
    this.#outermost.workflows += by
    this.#outermost.steps += by * plan.steps.length
  }

  #rested(workflow: OpenWorkflow): void {
    const resolve = this.#resting.get(workflow)
    if (resolve !== undefined && !isBusy(workflow)) resolve()
  }
}

function isBusy({ runs }: OpenWorkflow): boolean {
  return runs.values().some(hasBegun)
}

/** A task or child of it is there, or on its way. */
function hasBegun({ works }: StepRun): boolean {
  return works.values().some(({ phase }) => phase !== 'line')
}
