import type { Clock } from '../../clock.ts'
import { type ErrorFacts, factsOf, InvalidInputError } from '../../errors.ts'
import type { AlarmClock } from '../../queue/alarm-clock.ts'
import type { Bodies } from '../../queue/bodies/bodies.ts'
import type { Json } from '../../tools/tool.ts'
import { truthy } from '../definition/resolve.ts'
import type { NewEvent } from '../ownership/engine-port.ts'
import type { KeptBody } from '../store/store.ts'
import type { Body, BodyKey } from '../workflow.ts'
import { Items } from './items.ts'
import type { Journal } from './journal.ts'
import type { OpenWorkflow } from './open-workflow.ts'
import type { StepUnderWay } from './progress.ts'
import type { Values } from './values.ts'
import { COMPENSATION, placeOf, type StepRun, WHOLE_STEP, type Work, type WorkEnd } from './work.ts'
import type { WorkRunner } from './work-runner.ts'

/** Milliseconds until a step whose values could not be read tries again. */
const RETRY_MS = 1_000

export interface StepRunnerInit {
  journal: Journal
  values: Values
  works: () => WorkRunner
  bodies: Pick<Bodies, 'keep'>
  alarms: AlarmClock
  clock: Clock
  /** Items of a `for_each`, at most. */
  items: number
  /** Steps with a `for_each` of one workflow that are under way at once. */
  lists: number
  /** Nothing of it is left to do. */
  onDone: (workflow: OpenWorkflow) => void
}

type StepEnded = Extract<NewEvent, { kind: 'step_ended' }>
/** How a step ended, beside its name and generation. */
type Ending = Omit<StepEnded, 'kind' | 'step' | 'generation'>

/** Carries steps from the moment that what they depend on has ended to their own end. */
export class StepRunner {
  readonly #init: StepRunnerInit
  readonly #items: Items

  constructor(init: StepRunnerInit) {
    this.#init = init
    this.#items = new Items(init)
  }

  /** Begins and skips whatever is decided, and all that follows from that. */
  decide(workflow: OpenWorkflow): void {
    // What ends at once while others are begun is seen by the round after: a long chain must not nest as deep.
    if (workflow.deciding) return
    workflow.deciding = true
    try {
      this.#beginLists(workflow)
      while (!workflow.isHeld) {
        const decided = workflow.progress.takeDecided()
        if (decided.length === 0) break
        for (const index of decided) this.#decideOne(workflow, index)
      }
    } finally {
      workflow.deciding = false
    }
    this.#checkDone(workflow)
  }

  /** Goes on with all that was under way when the workflow was left. */
  resume(workflow: OpenWorkflow): void {
    const begun = begunEarlier(workflow)
    for (const [index, underWay] of [...workflow.progress.underWay])
      this.#resume(workflow, index, underWay, begun.get(index) ?? [])
    // That they were started was not written down any more.
    for (const [index, numbers] of begun) {
      if (!numbers.includes(WHOLE_STEP) || workflow.progress.stateOf(index) !== 'pending') continue
      const run = this.#run(workflow, index, this.#init.clock.now())
      if (run !== undefined) this.#init.works().begin(workOf(run, WHOLE_STEP))
    }
  }

  /** A task or child has its id. */
  started(work: Work): void {
    const { run, taskId, childId, error } = work
    const { workflow, step, generation } = run
    const what = { step: step.id, generation }
    if (work.number === COMPENSATION) {
      if (taskId === undefined || error === undefined) return
      this.#init.journal.record(workflow, { kind: 'compensation_started', ...what, task_id: taskId, error })
    } else if (work.number === WHOLE_STEP) {
      this.#init.journal.recordLazily(workflow, {
        kind: 'step_started',
        ...what,
        ...(taskId === undefined ? {} : { task_id: taskId }),
        ...(childId === undefined ? {} : { workflow_id: childId }),
      })
    }
  }

  /** A task or child has ended. */
  ended(work: Work, end: WorkEnd): void {
    const { run } = work
    if (run.over) return
    if (run.workflow.stop !== undefined && end.state !== 'succeeded') {
      this.#checkDone(run.workflow)
      return
    }
    if (work.number === COMPENSATION) this.#compensated(run, work, end)
    else if (work.number === WHOLE_STEP) this.#wholeEnded(run, end)
    else this.#itemEnded(run, work, end)
    this.decide(run.workflow)
  }

  /** Signals have come: those that wait for them take them. */
  signalled(workflow: OpenWorkflow, signal: string): void {
    for (const run of [...workflow.runs.values()]) {
      const { work } = run.step
      if (work.kind !== 'signal' || work.signal !== signal || run.failing !== undefined) continue
      // One whose condition is still looked at takes it when it begins to wait.
      if (workflow.progress.stateOf(run.step.index) === 'waiting') this.#takeSignal(run)
    }
  }

  /** Ends a step that has begun: what runs for it is cancelled, and what it does is of no interest. */
  abandon(run: StepRun): void {
    const { alarms } = this.#init
    run.over = true
    alarms.off(run.timeLimit)
    alarms.off(run.wake)
    run.workflow.runs.delete(run.step.index)
    this.#listIsOver(run)
  }

  /** Cancels what runs for a step; it ends when all of it has ended. */
  cancelWorks(run: StepRun, reason: string): void {
    for (const work of [...run.works.values()]) this.#init.works().cancel(work, reason)
  }

  /** Ends what earlier runs began and no step here is about. */
  cancelEarlier(workflow: OpenWorkflow, reason: string): void {
    this.#init.works().cancelEarlier(workflow, reason)
  }

  #decideOne(workflow: OpenWorkflow, index: number): void {
    const { progress, plan } = workflow
    const step = plan.steps[index]
    if (step === undefined || progress.stateOf(index) !== 'pending' || workflow.runs.has(index)) return
    const fate = progress.fate(index)
    if (fate === 'run') {
      this.#begin(workflow, index)
      return
    }
    if (fate === 'wait') return
    const generation = progress.generationOf(index)
    const skipped = {
      kind: 'step_ended',
      step: step.id,
      generation,
      state: 'skipped',
      reason: fate.skip,
    } as const
    this.#init.journal.recordLazily(workflow, skipped)
  }

  #run(workflow: OpenWorkflow, index: number, startedAt: number): StepRun | undefined {
    const step = workflow.plan.steps[index]
    if (step === undefined) return undefined
    const generation = workflow.progress.generationOf(index)
    const run: StepRun = { workflow, step, generation, startedAt, works: new Map(), over: false }
    workflow.runs.set(index, run)
    if (step.timeoutMs !== undefined)
      run.timeLimit = this.#init.alarms.at(startedAt + step.timeoutMs, () => this.#timedOut(run))
    return run
  }

  #begin(workflow: OpenWorkflow, index: number): void {
    const run = this.#run(workflow, index, this.#init.clock.now())
    if (run === undefined) return
    const { when } = run.step
    if (when === undefined) {
      this.#go(run)
      return
    }
    this.#with(
      run,
      () => this.#init.values.resolve(workflow, when.template),
      value => {
        if (truthy(value)) return this.#go(run)
        this.#finish(run, { state: 'skipped', reason: 'its condition was false' })
        // An expression may say otherwise the next time.
        if (typeof when.source === 'string') this.#init.journal.bar(workflow)
      },
    )
  }

  /** @param begun items that an earlier run has begun */
  #resume(workflow: OpenWorkflow, index: number, underWay: StepUnderWay, begun: readonly number[]): void {
    const run = this.#run(workflow, index, underWay.started_at)
    if (run === undefined) return
    const { task_id, workflow_id, compensation, until } = underWay
    const works = this.#init.works()
    if (compensation !== undefined) {
      run.failing = compensation.error
      works.resume({ ...workOf(run, COMPENSATION), taskId: compensation.task_id, error: compensation.error })
    } else if (task_id !== undefined) {
      works.resume({ ...workOf(run, WHOLE_STEP), taskId: task_id })
    } else if (workflow_id !== undefined) {
      works.resume({ ...workOf(run, WHOLE_STEP), childId: workflow_id })
    } else if (until !== undefined) {
      this.#waitUntil(run, until)
    } else if (workflow.progress.items.has(index)) {
      this.#holdList(run)
      for (const number of begun) if (number >= 0) works.begin(workOf(run, number))
      this.#with(
        run,
        () => this.#items.listOf(run),
        list => {
          run.items = { list, next: 0 }
          this.#items.startMore(run)
          this.#checkItems(run)
        },
      )
    } else {
      this.#go(run)
    }
    const { timeoutMs } = run.step
    // What it had running may have ended by that already.
    if (timeoutMs !== undefined && run.startedAt + timeoutMs <= this.#init.clock.now()) this.#timedOut(run)
  }

  /** Its condition holds. */
  #go(run: StepRun): void {
    const { work } = run.step
    switch (work.kind) {
      case 'task':
      case 'workflow':
        if (work.forEach === undefined) this.#init.works().begin(workOf(run, WHOLE_STEP))
        else this.#beginList(run)
        return
      case 'wait':
        this.#wait(run, this.#init.clock.now() + work.ms)
        return
      case 'until':
        this.#with(
          run,
          () => this.#init.values.resolve(run.workflow, work.until),
          value => this.#wait(run, timeOf(value)),
        )
        return
      case 'signal':
        if (this.#takeSignal(run)) return
        if (run.workflow.progress.stateOf(run.step.index) !== 'waiting')
          this.#record(run, {
            kind: 'step_waiting',
            signal: work.signal,
            ...(work.message === undefined ? {} : { message: work.message }),
          })
        return
      default:
        throw new Error(`nothing runs ${JSON.stringify(work satisfies never)}`)
    }
  }

  #wait(run: StepRun, until: number): void {
    if (until <= this.#init.clock.now()) {
      this.#finish(run, { state: 'succeeded' })
      return
    }
    this.#record(run, { kind: 'step_waiting', until })
    this.#waitUntil(run, until)
  }

  #waitUntil(run: StepRun, until: number): void {
    run.wake = this.#init.alarms.at(until, () => {
      if (run.over || run.failing !== undefined) return
      this.#finish(run, { state: 'succeeded' })
      this.decide(run.workflow)
    })
  }

  /** Takes the next signal, if it is there. */
  #takeSignal(run: StepRun): boolean {
    const { work } = run.step
    if (work.kind !== 'signal' || run.over) return false
    const n = run.workflow.progress.nextSignal(work.signal)
    if (n === undefined) return false
    const key: BodyKey = { of: 'signal', signal: work.signal, n }
    const read = async () => this.#keep((await this.#init.values.read(run.workflow, key)) ?? null, '/payload')
    this.#with(run, read, body => {
      // Another wait for this name may have been faster.
      if (run.workflow.progress.nextSignal(work.signal) !== n) return this.#go(run)
      this.#finish(run, { state: 'succeeded' }, body, [body])
    })
    return true
  }

  #beginList(run: StepRun): void {
    run.workflow.listsWaiting.push(run)
    this.#beginLists(run.workflow)
  }

  /** Begins those that wait, as many as may be under way. */
  #beginLists(workflow: OpenWorkflow): void {
    // One that fails at once makes room for the next, which must not nest as deep as there are steps.
    if (workflow.beginningLists) return
    workflow.beginningLists = true
    while (!workflow.isHeld && workflow.lists < this.#init.lists) {
      const run = workflow.listsWaiting.shift()
      if (run === undefined) break
      if (run.over || run.failing !== undefined) continue
      this.#holdList(run)
      this.#beginItems(run)
    }
    workflow.beginningLists = false
  }

  #holdList(run: StepRun): void {
    run.hasList = true
    run.workflow.lists += 1
  }

  #listIsOver(run: StepRun): void {
    if (run.hasList === undefined) return
    delete run.hasList
    run.workflow.lists -= 1
    this.#beginLists(run.workflow)
  }

  #beginItems(run: StepRun): void {
    const { values } = this.#init
    const { work } = run.step
    const forEach = work.kind === 'task' || work.kind === 'workflow' ? work.forEach : undefined
    if (forEach === undefined) return
    this.#with(
      run,
      () => values.resolve(run.workflow, forEach.items),
      async list => {
        if (!Array.isArray(list)) throw new InvalidInputError('/for_each/items', list, 'a list')
        if (list.length > this.#init.items)
          throw new InvalidInputError(
            '/for_each/items',
            `${list.length} items`,
            `at most ${this.#init.items} items`,
          )
        const key: BodyKey = { of: 'items', step: run.step.id, generation: run.generation }
        const body = await this.#keep(list, '/for_each/items')
        if (run.over || run.failing !== undefined) return
        const event = {
          kind: 'step_started',
          step: run.step.id,
          generation: run.generation,
          items: list.length,
        } as const
        this.#init.journal.record(run.workflow, event, { bodies: [{ key, body }], pinned: [body] })
        // The list is what the items are of, whatever an expression would give the next time.
        this.#init.journal.bar(run.workflow)
        run.items = { list, next: 0 }
        this.#checkItems(run)
      },
    )
  }

  #itemEnded(run: StepRun, work: Work, end: WorkEnd): void {
    this.#items.ended(run, work, end)
    this.#checkItems(run)
  }

  /** Whether the items are done, or one failed too many; else more may start. */
  #checkItems(run: StepRun): void {
    if (run.over) return
    const failure = this.#items.failure(run)
    if (failure !== undefined && run.failing === undefined) this.#failWhenQuiet(run, failure)
    else if (run.failing !== undefined) this.#quiet(run)
    else if (this.#items.areDone(run)) this.#finish(run, { state: 'succeeded' })
    else this.#items.startMore(run)
  }

  #wholeEnded(run: StepRun, end: WorkEnd): void {
    const { task_id, workflow_id, cached } = end
    const facts = {
      ...(task_id === undefined ? {} : { task_id }),
      ...(workflow_id === undefined ? {} : { workflow_id }),
      ...(cached === undefined ? {} : { cached }),
    }
    if (end.state === 'succeeded') this.#finish(run, { state: 'succeeded', ...facts }, end.output)
    else this.#fail(run, run.failing ?? end.error, facts)
  }

  #timedOut(run: StepRun): void {
    if (run.over || run.failing !== undefined || run.workflow.closed) return
    const error: ErrorFacts = {
      code: 'timed_out',
      message: `the step took longer than its ${run.step.timeoutMs} ms`,
      retryable: false,
    }
    run.byTime = true
    this.#failWhenQuiet(run, error)
    this.decide(run.workflow)
  }

  /** The step fails by this as soon as nothing runs for it. */
  #failWhenQuiet(run: StepRun, error: ErrorFacts): void {
    run.failing = error
    this.cancelWorks(run, error.message)
    this.#quiet(run)
  }

  #quiet(run: StepRun): void {
    if (run.over || run.works.size > 0 || run.failing === undefined) return
    this.#fail(run, run.failing, {})
  }

  /** By what `on_error` says. */
  #fail(run: StepRun, error: ErrorFacts, facts: Partial<Ending>): void {
    const { onError } = run.step
    if (run.failed) return
    run.failed = true
    run.failing = error
    switch (onError.kind) {
      case 'fail':
        this.#finish(run, { ...facts, state: 'failed', error, fatal: true })
        return
      case 'skip':
        this.#finish(run, { ...facts, state: 'failed', error })
        return
      case 'continue': {
        const more = { error: plain(error) }
        const go = async (value: Json) => {
          const body = await this.#keep(value, '/on_error/continue')
          this.#finish(run, { ...facts, state: 'failed', error, continued: true }, body, [body])
        }
        this.#with(run, () => this.#init.values.resolve(run.workflow, onError.value, more), go, error)
        return
      }
      case 'run':
        this.#init.alarms.off(run.timeLimit)
        this.#init.works().begin({ ...workOf(run, COMPENSATION), error })
        return
      default:
        throw new Error(`nothing does ${JSON.stringify(onError satisfies never)}`)
    }
  }

  #compensated(run: StepRun, work: Work, end: WorkEnd): void {
    const { onError } = run.step
    const { task_id } = run.workflow.progress.underWay.get(run.step.index) ?? {}
    const facts = task_id === undefined ? {} : { task_id }
    const error = work.error ?? run.failing ?? UNKNOWN
    if (end.state !== 'succeeded') {
      const message = `${error.message}; and what was to compensate it failed: ${end.error.message}`
      this.#finish(run, { ...facts, state: 'failed', error: { ...error, message }, fatal: true })
      return
    }
    const then = onError.kind === 'run' ? onError.then : 'fail'
    if (then === 'continue')
      this.#finish(run, { ...facts, state: 'failed', error, continued: true }, end.output)
    else this.#finish(run, { ...facts, state: 'failed', error, ...(then === 'fail' ? { fatal: true } : {}) })
  }

  #finish(run: StepRun, ending: Ending, output?: Body, pinned?: Body[]): void {
    const { workflow, step, generation } = run
    if (run.over || workflow.closed) return
    this.abandon(run)
    const bodies: KeptBody[] = []
    if (output !== undefined) {
      const key: BodyKey = { of: 'output', step: step.id, generation }
      bodies.push({ key, body: output })
      this.#init.values.remember(workflow, key, output)
    }
    const event = { kind: 'step_ended', step: step.id, generation, ...ending } as const
    this.#init.journal.recordLazily(workflow, event, { bodies, ...(pinned === undefined ? {} : { pinned }) })
    // Only the clock told of it, and may tell otherwise to another engine.
    if (run.byTime) this.#init.journal.bar(workflow)
  }

  #record(
    run: StepRun,
    event: { kind: 'step_waiting'; until?: number; signal?: string; message?: string },
  ): void {
    this.#init.journal.record(run.workflow, { ...event, step: run.step.id, generation: run.generation })
  }

  /** Goes on with a value, at once where it is there; what cannot be had fails the step. */
  #with<T>(
    run: StepRun,
    get: () => T | Promise<T>,
    go: (value: T) => void | Promise<void>,
    failed?: ErrorFacts,
  ): void {
    const fail = (error: unknown) => {
      const facts = factsOf(error)
      if (run.over || run.workflow.closed) return
      if (facts.code === 'unavailable') {
        // That is no fault of the step: it waits until the store can be read.
        this.#init.clock.after(RETRY_MS, () => {
          if (run.over || run.workflow.closed) return
          this.#with(run, get, go, failed)
          this.decide(run.workflow)
        })
        return
      }
      if (failed === undefined) this.#fail(run, facts, {})
      else this.#finish(run, { state: 'failed', error: unfit(failed, facts), fatal: true })
      this.decide(run.workflow)
    }
    try {
      const value = get()
      if (!(value instanceof Promise)) {
        const done = go(value)
        if (done instanceof Promise) done.then(() => this.decide(run.workflow)).catch(fail)
        return
      }
      value
        .then(got => {
          if (run.over || run.workflow.closed || run.workflow.stop !== undefined) return
          // A time limit may have come first.
          if (failed === undefined && run.failing !== undefined) return
          return go(got)
        })
        .then(() => this.decide(run.workflow))
        .catch(fail)
    } catch (error) {
      fail(error)
    }
  }

  async #keep(value: Json, field: string): Promise<Body> {
    return this.#init.bodies.keep(JSON.stringify(value), field)
  }

  #checkDone(workflow: OpenWorkflow): void {
    if (workflow.closed || workflow.works > 0) return
    if (workflow.stop !== undefined || (workflow.progress.remaining === 0 && workflow.runs.size === 0))
      this.#init.onDone(workflow)
  }
}

const UNKNOWN: ErrorFacts = { code: 'internal', message: 'the step failed', retryable: false }

/** Numbers of what earlier runs have begun, by the index of its step. */
function begunEarlier({ id, earlier, plan, progress }: OpenWorkflow): Map<number, number[]> {
  const found = new Map<number, number[]>()
  for (const key of earlier.keys()) {
    const { generation, step, number } = placeOf(id, key)
    const index = plan.step(step)?.index
    if (index === undefined || progress.generationOf(index) !== generation) continue
    const numbers = found.get(index)
    if (numbers === undefined) found.set(index, [number])
    else numbers.push(number)
  }
  return found
}

export function workOf(run: StepRun, number: number): Work {
  return { run, number, phase: 'line', over: false }
}

/** Facts as a template sees them. */
export function plain(error: ErrorFacts): Json {
  return JSON.parse(JSON.stringify(error))
}

/** Epoch milliseconds of a time in ISO 8601, as `until` wants it. */
function timeOf(value: Json): number {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN
  if (Number.isNaN(at)) throw new InvalidInputError('/wait/until', value, 'a time in ISO 8601')
  return at
}

/** The value to go on with after a failure could not be had either. */
function unfit(error: ErrorFacts, facts: ErrorFacts): ErrorFacts {
  return {
    ...error,
    message: `${error.message}; and the value to go on with could not be had: ${facts.message}`,
  }
}
