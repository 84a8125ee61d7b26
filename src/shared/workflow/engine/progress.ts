import { type ErrorFacts, ToolmeshError } from '../../errors.ts'
import type { Plan, PlanStep } from '../definition/plan.ts'
import { STEP_STATES, type StepState, type WorkflowEvent } from '../workflow.ts'
import { ItemProgress } from './item-progress.ts'
import { ENDED_STEP, mayFollow } from './step-table.ts'

/** What is known of a step that waits or runs. */
export interface StepUnderWay {
  /** Epoch milliseconds; of the first start in this generation. */
  started_at: number
  task_id?: string
  workflow_id?: string
  /** It has failed, and this task compensates it. */
  compensation?: { task_id: string; error: ErrorFacts }
  /** Epoch milliseconds. */
  until?: number
  signal?: string
}

/** What becomes of a pending step: it may run, it is to be skipped, or what it depends on has not ended. */
export type Fate = 'run' | 'wait' | { skip: string }

type EventOf<K extends WorkflowEvent['kind']> = Extract<WorkflowEvent, { kind: K }>

/**
 * How a workflow stands: the fold of its events, some 20 bytes for a step that is not under way. What an end makes
 * ready is counted, not searched for. Throws (`internal`) for an event that cannot follow on those before it.
 */
export class Progress {
  readonly plan: Plan
  /** Of the latest event. */
  seq = 0
  generation = 1
  /** The generation that brought the latest input. */
  inputGeneration = 1
  readonly counts: Record<StepState, number>
  readonly underWay = new Map<number, StepUnderWay>()
  readonly items = new Map<number, ItemProgress>()
  cancel: { by: string; reason: string } | undefined
  ended: { state: 'succeeded' | 'failed' | 'cancelled'; at: number; error?: ErrorFacts } | undefined
  handover: { to: string; transfer: string } | undefined
  movedTo: { to: string; at: number } | undefined
  /** Fence of the latest owner that wrote that it is. */
  claimedFence = 0
  /** Since when it has been open: its time limit counts from here, epoch milliseconds. */
  openedAt = 0
  #firstFatal: { step: PlanStep; error?: ErrorFacts } | undefined
  #fatal = 0
  readonly #states: Uint8Array
  readonly #generations: Uint32Array
  /** Dependencies that have not ended. */
  readonly #open: Int32Array
  /** Dependencies that ended without an output to go on with. */
  readonly #unmet: Int32Array
  /** 1: it has an output (or another value) to go on with; 2: its failure is the workflow's. */
  readonly #marks: Uint8Array
  readonly #signals = new Map<string, { came: number; taken: number }>()
  /** Pending steps whose fate may have been decided since they were taken last. */
  #decided: number[] = []

  constructor(plan: Plan) {
    const { length } = plan.steps
    this.plan = plan
    this.#states = new Uint8Array(length)
    this.#generations = new Uint32Array(length).fill(1)
    this.#open = new Int32Array(length)
    this.#unmet = new Int32Array(length)
    this.#marks = new Uint8Array(length)
    for (const { index, dependencies } of plan.steps) this.#open[index] = dependencies.length
    this.counts = {
      pending: length,
      waiting: 0,
      running: 0,
      succeeded: 0,
      failed: 0,
      skipped: 0,
      cancelled: 0,
    }
    this.#decided = [...plan.beginnings]
  }

  stateOf(index: number): StepState {
    return STEP_STATES[this.#states[index] ?? 0] ?? 'pending'
  }

  generationOf(index: number): number {
    return this.#generations[index] ?? 1
  }

  /** It has an output, or failed and goes on with another value. */
  hasOutput(index: number): boolean {
    return this.#marks[index] === HAS_OUTPUT
  }

  /** Steps that have not ended. */
  get remaining(): number {
    return this.counts.pending + this.counts.waiting + this.counts.running
  }

  /** Failed steps that do not fail the workflow. */
  get borneFailures(): number {
    return this.counts.failed - this.#fatal
  }

  /** Why the workflow will end `failed`; undefined as long as no step fails it. */
  get failure(): ErrorFacts | undefined {
    if (this.#fatal === 0) return undefined
    const { step, error } = this.#firstFatal ?? { step: this.#anyFatal() }
    const message = `step ${step?.id} failed${error === undefined ? '' : `: ${error.message}`}`
    return { code: error?.code ?? 'tool_failed', message, retryable: error?.retryable ?? false }
  }

  /** Number (0, 1, …) of the signal that the next wait for this name takes; undefined while there is none. */
  nextSignal(name: string): number | undefined {
    const { came, taken } = this.#signals.get(name) ?? NO_SIGNALS
    return came > taken ? taken : undefined
  }

  /** How many signals of this name came: the number of the next that comes. */
  signalsCame(name: string): number {
    return this.#signals.get(name)?.came ?? 0
  }

  fate(index: number): Fate {
    const step = this.plan.steps[index]
    if (step === undefined) return 'wait'
    const unmet = this.#unmet[index] ?? 0
    if (step.triggerRule === 'all_succeeded' && unmet > 0) return { skip: this.#whySkipped(step) }
    if ((this.#open[index] ?? 0) > 0) return 'wait'
    if (step.triggerRule !== 'one_succeeded' || unmet < step.dependencies.length) return 'run'
    return step.dependencies.length === 0 ? 'run' : { skip: 'none of what it depends on succeeded' }
  }

  /** Pending steps whose fate is no longer `wait`, each told once; after a fold ask `refresh` first. */
  takeDecided(): number[] {
    const decided = this.#decided
    this.#decided = []
    return decided.filter(index => this.stateOf(index) === 'pending')
  }

  /** After a whole history was folded: looks at each pending step once. */
  refresh(): void {
    this.#decided = []
    if (this.counts.pending === 0) return
    for (let index = 0; index < this.#states.length; index++) {
      if (this.#states[index] === PENDING && this.fate(index) !== 'wait') this.#decided.push(index)
    }
  }

  /** The steps of `chosen` and all that follow on them, ascending. */
  withFollowers(chosen: Iterable<number>): number[] {
    const found = new Set(chosen)
    // A set hands out what is added to it while it is walked.
    for (const index of found) for (const next of this.plan.steps[index]?.dependents ?? []) found.add(next)
    return [...found].sort((a, b) => a - b)
  }

  apply(event: WorkflowEvent): void {
    if (event.seq !== this.seq + 1) throw damaged(`event ${event.seq} after ${this.seq}`)
    this.seq = event.seq
    switch (event.kind) {
      case 'submitted':
        this.openedAt = event.at
        return
      case 'claimed':
        this.claimedFence = event.fence
        return
      case 'step_started': {
        this.#started(event)
        return
      }
      case 'step_waiting': {
        this.#waits(event)
        return
      }
      case 'item_ended': {
        this.#itemEnded(event)
        return
      }
      case 'compensation_started': {
        this.#compensates(event)
        return
      }
      case 'step_ended': {
        this.#ended(event)
        return
      }
      case 'signalled': {
        this.#signal(event.signal, { came: 1, taken: 0 })
        return
      }
      case 'cancel_requested':
        this.cancel = { by: event.by, reason: event.reason }
        return
      case 'rescheduled': {
        this.#rescheduled(event)
        return
      }
      case 'request_refused':
        return
      case 'handover_began':
        this.handover = { to: event.to, transfer: event.transfer }
        return
      case 'handover_refused':
      case 'adopted':
        this.handover = undefined
        return
      case 'handed_over':
        this.handover = undefined
        this.movedTo = { to: event.to, at: event.at }
        return
      case 'ended':
        this.#cancelRest()
        this.ended = { state: event.state, at: event.at, ...(event.error && { error: event.error }) }
        return
      default:
        throw damaged(`no event is called ${JSON.stringify(event satisfies never)}`)
    }
  }

  #started(event: EventOf<'step_started'>): void {
    const index = this.#enter(event, 'running')
    const { task_id, workflow_id, items, at } = event
    const started_at = this.underWay.get(index)?.started_at ?? at
    this.underWay.set(index, { started_at, ...(task_id && { task_id }), ...(workflow_id && { workflow_id }) })
    if (items !== undefined && !this.items.has(index)) this.items.set(index, new ItemProgress(items))
  }

  #waits(event: EventOf<'step_waiting'>): void {
    const index = this.#enter(event, 'waiting')
    const { until, signal, at } = event
    const started_at = this.underWay.get(index)?.started_at ?? at
    this.underWay.set(index, { started_at, ...(until !== undefined && { until }), ...(signal && { signal }) })
  }

  #itemEnded(event: EventOf<'item_ended'>): void {
    const index = this.#find(event.step).index
    if (this.items.get(index)?.end(event.item, event.state) !== true)
      throw damaged(`item ${event.item} of ${event.step} ended twice, or is none`)
  }

  #compensates({ step, task_id, error, at }: EventOf<'compensation_started'>): void {
    const { index } = this.#find(step)
    const before = this.underWay.get(index)
    if (before === undefined) this.#enter({ step }, 'running')
    this.underWay.set(index, { started_at: at, ...before, compensation: { task_id, error } })
  }

  #ended(event: EventOf<'step_ended'>): void {
    const index = this.#enter(event, event.state)
    const step = this.plan.steps[index]
    if (step === undefined) return
    this.underWay.delete(index)
    if (event.fatal) {
      this.#fatal += 1
      this.#marks[index] = FATAL
      this.#firstFatal ??= { step, ...(event.error && { error: event.error }) }
    }
    if (event.state === 'succeeded' && step.work.kind === 'signal')
      this.#signal(step.work.signal, { came: 0, taken: 1 })
    const isMet = event.state === 'succeeded' || event.continued === true
    if (isMet) this.#marks[index] = HAS_OUTPUT
    for (const dependent of step.dependents) this.#dependencyEnded(dependent, isMet)
  }

  /** What a cancel or a time limit keeps from ending by itself. */
  #cancelRest(): void {
    if (this.remaining === 0) return
    for (let index = 0; index < this.#states.length; index++) {
      if (!ENDED_STEP.has(this.stateOf(index))) this.#move(index, 'cancelled')
    }
    this.underWay.clear()
    this.#decided = []
  }

  #dependencyEnded(index: number, isMet: boolean): void {
    const open = (this.#open[index] ?? 0) - 1
    this.#open[index] = open
    if (!isMet) this.#unmet[index] = (this.#unmet[index] ?? 0) + 1
    const isDoomed = !isMet && this.plan.steps[index]?.triggerRule === 'all_succeeded'
    if ((open === 0 || isDoomed) && this.#states[index] === PENDING) this.#decided.push(index)
  }

  #rescheduled({ generation, steps, input, at }: EventOf<'rescheduled'>): void {
    this.generation = generation
    if (input) this.inputGeneration = generation
    this.ended = undefined
    this.cancel = undefined
    this.openedAt = at
    const again = this.withFollowers(steps.map(id => this.#find(id).index))
    for (const index of again) {
      if (this.#states[index] !== PENDING) this.#move(index, 'pending')
      if (this.#marks[index] === FATAL) this.#unfail(index)
      this.#marks[index] = 0
      this.#generations[index] = generation
      this.underWay.delete(index)
      this.items.delete(index)
    }
    for (const index of again) this.#recount(index)
  }

  #unfail(index: number): void {
    this.#fatal -= 1
    if (this.#firstFatal?.step.index === index) this.#firstFatal = undefined
  }

  #recount(index: number): void {
    let open = 0
    let unmet = 0
    for (const dependency of this.plan.steps[index]?.dependencies ?? []) {
      if (!ENDED_STEP.has(this.stateOf(dependency))) open += 1
      else if (!this.hasOutput(dependency)) unmet += 1
    }
    this.#open[index] = open
    this.#unmet[index] = unmet
    if (this.fate(index) !== 'wait') this.#decided.push(index)
  }

  #signal(name: string, { came, taken }: { came: number; taken: number }): void {
    const before = this.#signals.get(name) ?? NO_SIGNALS
    this.#signals.set(name, { came: before.came + came, taken: before.taken + taken })
  }

  #enter({ step }: { step: string }, state: StepState): number {
    const { index } = this.#find(step)
    const before = this.stateOf(index)
    if (!mayFollow(before, state)) throw damaged(`step ${step} cannot be ${state} after ${before}`)
    this.#move(index, state)
    return index
  }

  #move(index: number, state: StepState): void {
    this.counts[this.stateOf(index)] -= 1
    this.counts[state] += 1
    this.#states[index] = STEP_STATES.indexOf(state)
  }

  #find(id: string): PlanStep {
    const step = this.plan.step(id)
    if (step === undefined) throw damaged(`there is no step ${id}`)
    return step
  }

  #whySkipped({ dependencies }: PlanStep): string {
    const first = dependencies.find(index => ENDED_STEP.has(this.stateOf(index)) && !this.hasOutput(index))
    if (first === undefined) return 'what it depends on did not succeed'
    const state = this.stateOf(first)
    return `depends on ${this.plan.steps[first]?.id}, which ${state === 'failed' ? 'failed' : `was ${state}`}`
  }

  #anyFatal(): PlanStep | undefined {
    return this.plan.steps[this.#marks.indexOf(FATAL)]
  }
}

const PENDING = STEP_STATES.indexOf('pending')
const HAS_OUTPUT = 1
const FATAL = 2
const NO_SIGNALS = { came: 0, taken: 0 }

function damaged(what: string): ToolmeshError {
  return new ToolmeshError('internal', `the history of the workflow is damaged: ${what}`)
}
