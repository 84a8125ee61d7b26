import type { Clock } from '../../clock.ts'
import { type ErrorFacts, factsOf, InvalidInputError } from '../../errors.ts'
import type { ToolDescriptor } from '../../tools/tool.ts'
import type { Bodies } from '../bodies/bodies.ts'
import { IdempotencyConflictError, QueueFullError, StaleGuardError } from '../errors.ts'
import type { QueueLimits } from '../limits.ts'
import type { Body, CommandMap, JsonText, Reply, WorkflowGuard } from '../states/commands.ts'
import { laneKey } from '../states/lane.ts'
import type { StepTask } from '../step-tasks.ts'
import type { TaskHead, TaskRequest, TaskState } from '../task.ts'
import type { WaitingTasks } from '../waiting/waiting-tasks.ts'
import type { WorkerOffer } from '../waiting/what-is-missing.ts'
import { type TaskOrigin, taskFromRequest, taskOfStep } from './task-request.ts'

/** What became of one request of a submit. */
export type SubmitReceipt =
  | { task_id: string; state: TaskState; deduplicated: boolean }
  | { error: ErrorFacts }

export interface SubmissionInit {
  /** Tools that tasks may name. */
  catalogue: { get(name: string): ToolDescriptor | undefined }
  clock: Clock
  limits: QueueLimits
  bodies: Pick<Bodies, 'keep' | 'release'>
  nextId: () => string
  commit: (command: CommandMap['submit']) => Promise<Reply>
  /** Commands that wait for the store. */
  pending: () => number
  /** Tasks that have not ended. */
  openTasks: () => number
  /** Where tasks wait. */
  waiting: Pick<WaitingTasks<WorkerOffer>, 'held' | 'holds' | 'holdsKind'>
}

/** Where a task came from beside its principal. */
type Origin = Pick<TaskOrigin, 'resubmitted_from' | 'reserved_key'> & { guard?: WorkflowGuard }

/** Milliseconds after which a submit that met a full queue may be tried again. */
const RETRY_FULL_MS = 1_000

/** Large params that are written at once, of tasks of workflows. */
const LARGE_AT_ONCE = 4

/** Takes new tasks into the store, as far as the limits allow. */
export class Submission {
  readonly #init: SubmissionInit
  #submitting = 0
  /** Lanes that tasks under way are the first of, and how many of these there are. */
  readonly #newLanes = new Map<string, number>()
  /** Large params that are being written. */
  readonly #large = new Set<Promise<void>>()

  constructor(init: SubmissionInit) {
    this.#init = init
  }

  /**
   * A receipt for each request, in the same order. A request that does not fit has an error for receipt and stops no
   * other. Rejects when none was taken: `invalid_input` (too many), `queue_full`, `unavailable`.
   */
  async submit(principal: string, requests: readonly TaskRequest[]): Promise<SubmitReceipt[]> {
    const { tasksPerSubmit } = this.#init.limits
    if (requests.length === 0 || requests.length > tasksPerSubmit) {
      throw new InvalidInputError('/tasks', `${requests.length} tasks`, `1 to ${tasksPerSubmit} tasks`)
    }
    return this.#withRoom(requests.length, () =>
      allReceipts(requests.map(request => this.#submit(principal, request, {}))),
    )
  }

  /** As `submit` of one. */
  submitOne(principal: string, request: TaskRequest, origin: Origin): Promise<SubmitReceipt> {
    return this.#withRoom(1, () => this.#submit(principal, request, origin))
  }

  /** As `submit`, each of its own principal and under its own key. */
  submitSteps(tasks: readonly StepTask[]): Promise<SubmitReceipt[]> {
    return this.#withRoom(tasks.length, async () => {
      const receipts: Promise<SubmitReceipt>[] = []
      for (const { principal, request, key, guard } of tasks) {
        // No request of a client brings them, so nothing but this bounds their params.
        while (this.#large.size >= LARGE_AT_ONCE) await Promise.race(this.#large)
        const receipt = this.#submit(principal, request, { reserved_key: key, guard })
        receipt.catch(() => {})
        receipts.push(receipt)
      }
      return allReceipts(receipts)
    })
  }

  /** Throws what a request would be refused with. */
  check(principal: string, request: TaskRequest): void {
    this.#make(principal, request, {})
  }

  async #withRoom<T>(tasks: number, submit: () => Promise<T>): Promise<T> {
    this.#ensureRoom(tasks)
    this.#submitting += tasks
    try {
      return await submit()
    } finally {
      this.#submitting -= tasks
    }
  }

  #ensureRoom(tasks: number): void {
    const { limits, openTasks, pending } = this.#init
    if (openTasks() + this.#submitting + tasks > limits.liveTasks) {
      const full = `the queue holds ${openTasks()} tasks of at most ${limits.liveTasks}`
      throw new QueueFullError(full, RETRY_FULL_MS)
    }
    if (pending() > limits.pendingCommands) {
      throw new QueueFullError('the store cannot keep up with what is submitted', RETRY_FULL_MS)
    }
  }

  async #submit(principal: string, request: TaskRequest, origin: Origin): Promise<SubmitReceipt> {
    let task: TaskHead
    let params: Body
    let lane: string
    try {
      const made = this.#make(principal, request, origin)
      lane = laneKey(made.task)
      this.#ensureLane(lane)
      const kept = this.#init.bodies.keep(made.params, '/params')
      task = made.task
      // What is small joins the commit that begins now.
      params = kept instanceof Promise ? await this.#written(kept) : kept
    } catch (error) {
      const facts = factsOf(error)
      if (facts.code === 'unavailable') throw error
      return { error: facts }
    }
    const { task_id, created_at: at } = task
    const isNew = !this.#init.waiting.holds(lane)
    if (isNew) this.#newLanes.set(lane, (this.#newLanes.get(lane) ?? 0) + 1)
    try {
      const command: CommandMap['submit'] = { kind: 'submit', task_id, at, task, params }
      if (origin.guard !== undefined) command.guard = origin.guard
      return receiptOf(await this.#commit(command), command)
    } finally {
      if (isNew) this.#laneCame(lane)
    }
  }

  async #written(kept: Promise<Body>): Promise<Body> {
    const over = kept.then(
      () => {},
      () => {},
    )
    this.#large.add(over)
    try {
      return await kept
    } finally {
      this.#large.delete(over)
    }
  }

  #laneCame(lane: string): void {
    const left = (this.#newLanes.get(lane) ?? 0) - 1
    if (left > 0) this.#newLanes.set(lane, left)
    else this.#newLanes.delete(lane)
  }

  /** What no other task needs, or is limited by, takes memory and makes every look for work longer. */
  #ensureLane(lane: string): void {
    const { limits, waiting } = this.#init
    if (waiting.holds(lane) || this.#newLanes.has(lane)) return
    const { lanes, kinds } = waiting.held
    const coming = this.#newLanes.size
    if (lanes + coming < limits.lanes && kinds + coming < limits.kinds) return
    if (lanes + coming < limits.lanes && waiting.holdsKind(lane)) return
    const full = `tasks wait in ${lanes} lines of at most ${limits.lanes}, with ${kinds} kinds of needs of at most ${limits.kinds}: no more that differ from all of them`
    throw new QueueFullError(full, RETRY_FULL_MS)
  }

  #make(
    principal: string,
    request: TaskRequest,
    { guard, ...origin }: Origin,
  ): { task: TaskHead; params: JsonText } {
    const { clock, nextId } = this.#init
    const descriptor = this.#descriptorOf(request.tool)
    const from = { ...origin, task_id: nextId(), principal, at: clock.now() }
    const { reserved_key } = from
    return guard === undefined || reserved_key === undefined
      ? taskFromRequest(request, descriptor, from)
      : taskOfStep(request, descriptor, { ...from, reserved_key })
  }

  #descriptorOf(tool: string): ToolDescriptor {
    const descriptor = this.#init.catalogue.get(tool)
    if (descriptor === undefined)
      throw new InvalidInputError('/tool', tool, 'the name of a tool of this mesh (tools_search finds it)')
    return descriptor
  }

  async #commit(command: CommandMap['submit']): Promise<Reply> {
    const { commit, bodies } = this.#init
    const { params } = command
    try {
      const reply = await commit(command)
      bodies.release(params, reply.changed)
      return reply
    } catch (error) {
      // The store may have it all the same.
      bodies.release(params, true)
      throw error
    }
  }
}

function receiptOf(reply: Reply, { task, guard }: CommandMap['submit']): SubmitReceipt {
  if (reply.changed) return { task_id: reply.task_id, state: reply.state, deduplicated: false }
  if (reply.refusal === 'duplicate' && reply.state !== undefined) {
    return { task_id: reply.task_id, state: reply.state, deduplicated: true }
  }
  if (reply.refusal === 'stale_fence' && guard !== undefined)
    return { error: new StaleGuardError(guard.workflow_id, guard.fence).toFacts() }
  return { error: new IdempotencyConflictError(task.idempotency_key ?? '', reply.task_id).toFacts() }
}

/** Waits for every receipt, so that no rejection goes unheard, then throws the first. */
async function allReceipts(receipts: Promise<SubmitReceipt>[]): Promise<SubmitReceipt[]> {
  const settled = await Promise.allSettled(receipts)
  return settled.map(each => {
    if (each.status === 'rejected') throw each.reason
    return each.value
  })
}
