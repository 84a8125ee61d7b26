import { LRUCache } from 'lru-cache'
import { InvalidInputError } from '../../errors.ts'
import type { Bodies } from '../../queue/bodies/bodies.ts'
import type { ResultWaiters } from '../../queue/result-waiters.ts'
import type { Json } from '../../tools/tool.ts'
import type { Plan, PlanStep } from '../definition/plan.ts'
import type { Plans } from '../engine/plans.ts'
import { isForEach, itemOutputsOf } from '../engine/values.ts'
import { StepNotFoundError, WorkflowNotFoundError } from '../errors.ts'
import type { ItemStatus, StepDetail, StepStatus, WaitingStep, WorkflowOutcome } from '../status.ts'
import type { WorkflowEventPage, WorkflowStore } from '../store/store.ts'
import type { Body, BodyKey, StepState, WorkflowHead } from '../workflow.ts'
import { History } from './history.ts'

/** Events that are read at once. */
const EVENTS_PAGE = 1_000
/** Waiting steps that an outcome names. */
const WAITING_NAMED = 100

export interface WorkflowReaderInit {
  store: Pick<WorkflowStore, 'head' | 'events' | 'bodies' | 'itemOutputs'>
  bodies: Pick<Bodies, 'read'>
  plans: Plans
  waiters: ResultWaiters
  /** The params of a task; undefined when it is not kept any more. */
  paramsOf: (taskId: string) => Promise<Json | undefined>
  /** What runs here and now. */
  running: {
    /** Of one that is driven here, as it will be in the store in a moment. */
    headOf(workflowId: string): WorkflowHead | undefined
    items(workflowId: string, index: number): number | undefined
    isRunning(workflowId: string, index: number, item: number): boolean
  }
  /** Steps and items of workflows that are kept folded. */
  viewSteps: number
  /** Longest wait for a result, milliseconds. */
  resultWaitMs: number
}

export interface StepPage {
  /** Index of the step before the first. */
  after?: number
  limit: number
  states?: readonly StepState[]
}

export interface ItemPage {
  /** The item before the first. */
  after?: number
  limit: number
  states?: readonly ItemStatus['state'][]
}

/** Reads workflows, open or ended, from what the store holds of them. Each throws `not_found` for an id that is none. */
export class WorkflowReader {
  readonly #init: WorkflowReaderInit
  readonly #kept: LRUCache<string, History>
  /** Reads under way, so that one history is folded by one reader at a time. */
  readonly #reading = new Map<string, Promise<History>>()

  constructor(init: WorkflowReaderInit) {
    this.#init = init
    this.#kept = new LRUCache({ maxSize: init.viewSteps, sizeCalculation: history => history.size + 1 })
  }

  async head(id: string): Promise<WorkflowHead> {
    const head = await this.#init.store.head(id)
    if (head === undefined) throw new WorkflowNotFoundError(id)
    return head
  }

  async plan(id: string): Promise<Plan> {
    return this.#init.plans.of(await this.head(id))
  }

  async events(id: string, after: number, limit: number): Promise<WorkflowEventPage> {
    await this.head(id)
    return this.#init.store.events(id, after, limit)
  }

  /** How the workflow stands by the events that are durable now. */
  async history(id: string): Promise<History> {
    const before = this.#reading.get(id)
    // What is under way may have begun before the caller's last change.
    const reading = (before?.catch(() => {}) ?? Promise.resolve()).then(() => this.#fold(id))
    this.#reading.set(id, reading)
    try {
      return await reading
    } finally {
      if (this.#reading.get(id) === reading) this.#reading.delete(id)
    }
  }

  async steps(id: string, { after = -1, limit, states }: StepPage): Promise<StepStatus[]> {
    const history = await this.history(id)
    const { steps } = history.progress.plan
    const found: StepStatus[] = []
    for (let index = after + 1; index < steps.length && found.length < limit; index++) {
      const step = steps[index]
      if (step === undefined || states?.includes(history.progress.stateOf(index)) === false) continue
      found.push(history.step(step, at => this.#init.running.items(id, at)))
    }
    return found
  }

  /** With `item`: its input and output in place of the whole step's. */
  async step(id: string, stepId: string, { item }: { item?: number } = {}): Promise<StepDetail> {
    const history = await this.history(id)
    const step = this.#find(history, id, stepId)
    const status = history.step(step, at => this.#init.running.items(id, at))
    const key = { step: stepId, generation: status.generation }
    const detail: StepDetail = { ...status }
    const [input, output] =
      item === undefined
        ? await Promise.all([this.#inputOf(id, status), this.#outputOf(id, history, step, status)])
        : await Promise.all([
            this.#itemInput(history, step, item),
            this.#body(id, { of: 'output', ...key, item }),
          ])
    if (input !== undefined) detail.input = input
    if (output !== undefined) detail.output = output
    return detail
  }

  /** None of a step that is for no list, or has not started. */
  async items(id: string, stepId: string, { after = -1, limit, states }: ItemPage): Promise<ItemStatus[]> {
    const history = await this.history(id)
    const step = this.#find(history, id, stepId)
    const total = history.progress.items.get(step.index)?.total ?? 0
    const found: ItemStatus[] = []
    for (let item = after + 1; item < total && found.length < limit; item++) {
      const status = history.item(step, item, at => this.#init.running.isRunning(id, step.index, at))
      if (status !== undefined && states?.includes(status.state) !== false) found.push(status)
    }
    return found
  }

  /** How it stands, after waiting at most `wait_ms` for its end. Throws `queue_full` too (too many wait). */
  async result(
    id: string,
    { wait_ms = 0, signal }: { wait_ms?: number; signal?: AbortSignal },
  ): Promise<WorkflowOutcome> {
    const waitMs = Math.min(wait_ms, this.#init.resultWaitMs)
    if (waitMs <= 0) return this.#outcome(await this.head(id))
    const { ended, stop } = this.#init.waiters.wait(id, waitMs, signal)
    try {
      // Of one that is driven here, and whose end is not on its way to the store, the end is still to be heard of.
      const known = this.#init.running.headOf(id)
      if (known === undefined || known.ended_at !== undefined) {
        const head = await this.head(id)
        if (head.ended_at !== undefined) return await this.#outcome(head)
      }
      await ended
      const [head, result] = await Promise.all([this.head(id), this.#body(id, { of: 'result' })])
      return await this.#outcome(head, result)
    } finally {
      stop()
    }
  }

  async #fold(id: string): Promise<History> {
    const head = await this.head(id)
    let history = this.#kept.get(id)
    if (history === undefined || history.progress.seq > head.seq) {
      history = new History(await this.#init.plans.of(head))
    }
    this.#kept.delete(id)
    for (;;) {
      const { events, last } = await this.#init.store.events(id, history.progress.seq, EVENTS_PAGE)
      for (const event of events) history.apply(event)
      if (history.progress.seq >= last || events.length === 0) break
    }
    // With what it takes now.
    this.#kept.set(id, history)
    return history
  }

  #find({ progress }: History, id: string, stepId: string): PlanStep {
    const step = progress.plan.step(stepId)
    if (step === undefined) throw new StepNotFoundError(id, stepId)
    return step
  }

  /** @param read its result, where that was read already */
  async #outcome(head: WorkflowHead, read?: Json): Promise<WorkflowOutcome> {
    const { workflow_id, state, failed_steps, error } = head
    const outcome: WorkflowOutcome = { workflow_id, state, failed_steps }
    if (error !== undefined) outcome.error = error
    if (state === 'succeeded') {
      const result = read ?? (await this.#body(workflow_id, { of: 'result' }))
      if (result !== undefined) outcome.result = result
    } else if (head.ended_at === undefined && head.steps.waiting > 0) {
      outcome.waiting_for = await this.#waits(workflow_id)
    }
    return outcome
  }

  async #waits(id: string): Promise<WaitingStep[]> {
    const waiting = await this.steps(id, { limit: WAITING_NAMED, states: ['waiting'] })
    return waiting.map(({ id: step, until, signal, message, schema }) => ({
      step,
      ...(until === undefined ? {} : { until }),
      ...(signal === undefined ? {} : { signal }),
      ...(message === undefined ? {} : { message }),
      ...(schema === undefined ? {} : { schema }),
    }))
  }

  async #inputOf(id: string, status: StepStatus): Promise<Json | undefined> {
    const { task_id, workflow_id, items } = status
    if (items !== undefined)
      return this.#body(id, { of: 'items', step: status.id, generation: status.generation })
    if (task_id !== undefined) return this.#init.paramsOf(task_id)
    if (workflow_id !== undefined) return this.#body(workflow_id, { of: 'input', generation: 1 })
    return undefined
  }

  async #itemInput(history: History, step: PlanStep, item: number): Promise<Json | undefined> {
    const status = history.item(step, item, () => false)
    if (status === undefined) throw new InvalidInputError('/item', item, 'an item of a step that has started')
    if (status.task_id !== undefined) return this.#init.paramsOf(status.task_id)
    if (status.workflow_id !== undefined)
      return this.#body(status.workflow_id, { of: 'input', generation: 1 })
    return undefined
  }

  async #outputOf(
    id: string,
    history: History,
    step: PlanStep,
    { state, generation }: StepStatus,
  ): Promise<Json | undefined> {
    if (!history.progress.hasOutput(step.index)) return undefined
    const key = { step: step.id, generation }
    if (!isForEach(step) || state !== 'succeeded') return this.#body(id, { of: 'output', ...key })
    const total = history.progress.items.get(step.index)?.total ?? 0
    try {
      return JSON.parse(await itemOutputsOf(this.#init, id, key, total)) as Json
    } catch (error) {
      // They are too large together: each can be read by itself.
      if (error instanceof InvalidInputError) return undefined
      throw error
    }
  }

  async #body(id: string, key: BodyKey): Promise<Json | undefined> {
    const [body]: (Body | undefined)[] = await this.#init.store.bodies(id, [key])
    return body === undefined ? undefined : (JSON.parse(await this.#init.bodies.read(body)) as Json)
  }
}
