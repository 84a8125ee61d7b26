import type { Plan, PlanStep } from '../definition/plan.ts'
import { Progress } from '../engine/progress.ts'
import type { ItemStatus, StepStatus } from '../status.ts'
import type { StepState, WorkflowEvent } from '../workflow.ts'

/** What is told of a step beside its state; only what came up since it was last made pending. */
type StepFacts = Pick<
  StepStatus,
  | 'task_id'
  | 'workflow_id'
  | 'started_at'
  | 'ended_at'
  | 'reason'
  | 'error'
  | 'cached'
  | 'continued'
  | 'until'
  | 'signal'
  | 'compensation_task_id'
>

type ItemFacts = Pick<ItemStatus, 'task_id' | 'workflow_id' | 'cached' | 'error'>

/** The fold of a workflow's events with all that people are shown of its steps. */
export class History {
  readonly progress: Progress
  readonly #facts = new Map<number, StepFacts>()
  readonly #items = new Map<number, Map<number, ItemFacts>>()
  #itemCount = 0
  /** Why steps that no event of their own ended are cancelled. */
  #endedAll: { at: number; reason: string } | undefined

  constructor(plan: Plan) {
    this.progress = new Progress(plan)
  }

  /** Steps and items that it holds: what it costs to keep. */
  get size(): number {
    return this.progress.plan.steps.length + this.#itemCount
  }

  apply(event: WorkflowEvent): void {
    this.progress.apply(event)
    // What became ready is nobody's to know here.
    this.progress.takeDecided()
    switch (event.kind) {
      case 'step_started':
      case 'step_waiting': {
        const { seq: _seq, at, kind: _kind, step, generation: _generation, ...facts } = event
        const before = this.#of(step)
        this.#set(step, { ...before, ...told(facts), started_at: before?.started_at ?? at })
        return
      }
      case 'compensation_started': {
        const before = this.#of(event.step)
        const facts = { compensation_task_id: event.task_id, error: event.error }
        this.#set(event.step, { ...before, ...facts, started_at: before?.started_at ?? event.at })
        return
      }
      case 'item_ended': {
        const { task_id, workflow_id, cached, error } = event
        this.#setItem(event.step, event.item, told({ task_id, workflow_id, cached, error }))
        return
      }
      case 'step_ended': {
        const { task_id, workflow_id, cached, continued, reason, error, at } = event
        const { until: _until, signal: _signal, ...before } = this.#of(event.step) ?? {}
        const facts = told({ task_id, workflow_id, cached, continued, reason, error })
        this.#set(event.step, { ...before, ...facts, ended_at: at })
        return
      }
      case 'rescheduled': {
        const { plan } = this.progress
        const chosen = event.steps.flatMap(id => plan.step(id)?.index ?? [])
        for (const index of this.progress.withFollowers(chosen)) this.#forget(index)
        this.#endedAll = undefined
        return
      }
      case 'ended':
        this.#endedAll = { at: event.at, reason: event.error?.message ?? 'the workflow ended' }
        return
      default:
    }
  }

  /** @param running how many items of a step run now, where that is known */
  step(step: PlanStep, running: (index: number) => number | undefined): StepStatus {
    const { progress } = this
    const { index, definition, work } = step
    const state = progress.stateOf(index)
    const status: StepStatus = {
      id: step.id,
      index,
      kind: work.kind,
      state,
      generation: progress.generationOf(index),
      depends_on: step.dependencies.flatMap(each => progress.plan.steps[each]?.id ?? []),
      ...this.#facts.get(index),
    }
    if (definition.title !== undefined) status.title = definition.title
    if (work.kind === 'task') status.tool = work.tool.name
    if (state === 'cancelled' && status.ended_at === undefined && this.#endedAll !== undefined) {
      status.ended_at = this.#endedAll.at
      status.reason = this.#endedAll.reason
    }
    if (state === 'waiting' && work.kind === 'signal') {
      if (work.message !== undefined) status.message = work.message
      if (work.schema !== undefined) status.schema = work.schema
    }
    const items = progress.items.get(index)
    if (items !== undefined) {
      status.items = {
        total: items.total,
        running: state === 'running' ? (running(index) ?? 0) : 0,
        succeeded: items.count('succeeded'),
        failed: items.count('failed'),
        cancelled: items.count('cancelled'),
      }
    }
    return status
  }

  /** Undefined where the step has no such item, or has not started. */
  item(step: PlanStep, item: number, isRunning: (item: number) => boolean): ItemStatus | undefined {
    const items = this.progress.items.get(step.index)
    if (items === undefined || item >= items.total) return undefined
    const state = items.stateOf(item)
    return {
      item,
      state: state === 'pending' && isRunning(item) ? 'running' : state,
      ...this.#items.get(step.index)?.get(item),
    }
  }

  statesOf(): (index: number) => StepState {
    return index => this.progress.stateOf(index)
  }

  #of(step: string): StepFacts | undefined {
    const index = this.progress.plan.step(step)?.index
    return index === undefined ? undefined : this.#facts.get(index)
  }

  #set(step: string, facts: StepFacts): void {
    const index = this.progress.plan.step(step)?.index
    if (index !== undefined) this.#facts.set(index, facts)
  }

  #setItem(step: string, item: number, facts: ItemFacts): void {
    const index = this.progress.plan.step(step)?.index
    if (index === undefined) return
    const items = this.#items.get(index) ?? new Map<number, ItemFacts>()
    this.#items.set(index, items.set(item, facts))
    this.#itemCount += 1
  }

  #forget(index: number): void {
    this.#facts.delete(index)
    this.#itemCount -= this.#items.get(index)?.size ?? 0
    this.#items.delete(index)
  }
}

type Told<T> = { [K in keyof T]: Exclude<T[K], undefined> }

/** Without what is not there. */
function told<T extends Record<string, unknown>>(facts: T): Partial<Told<T>> {
  const entries = Object.entries(facts).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as Partial<Told<T>>
}
