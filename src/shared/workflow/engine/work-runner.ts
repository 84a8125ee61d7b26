import { cidOf } from '../../artifacts/cid.ts'
import type { Clock } from '../../clock.ts'
import { type ErrorFacts, factsOf, InvalidInputError, ToolmeshError } from '../../errors.ts'
import type { Logger } from '../../logger.ts'
import type { SubmitReceipt } from '../../queue/requests/submission.ts'
import type { TaskRequest } from '../../queue/task.ts'
import type { Json, JsonObject, ToolDescriptor } from '../../tools/tool.ts'
import type { Plan } from '../definition/plan.ts'
import type { ResultCache, TaskPort } from '../ports.ts'
import type { WorkflowHead } from '../workflow.ts'
import { type ChildRoom, type ChildRooms, NoRoomError } from './child-rooms.ts'
import type { ChildWorkflows } from './child-workflows.ts'
import type { OpenWorkflow } from './open-workflow.ts'
import { TaskEnds } from './task-ends.ts'
import type { More, Values } from './values.ts'
import { COMPENSATION, type Earlier, itemOf, keyOf, keysOf, type Work, type WorkEnd } from './work.ts'

/** Tasks in one submit. */
const SUBMIT_BATCH = 500
/** Milliseconds until the queue is asked again, where it does not say. */
const RETRY_MS = 1_000
/** Codes of a submit that may succeed later: the work goes back to the line. */
const LATER = new Set(['queue_full', 'rate_limited', 'unavailable'])

export interface WorkRunnerInit {
  tasks: TaskPort
  children: ChildWorkflows
  rooms: ChildRooms
  values: Values
  cache?: ResultCache
  /** Why a principal may run nothing (any more); undefined when it may. */
  mayRun: (principal: string) => ErrorFacts | undefined
  clock: Clock
  logger: Logger
  /** Works whose input is made or that are submitted at once. */
  starting: number
  mayAct: () => boolean
  /** It has a task or a child now. */
  onStarted: (work: Work) => void
  onEnded: (work: Work, end: WorkEnd) => void
  /** The queue refused the fence. */
  onStale: (workflow: OpenWorkflow) => void
}

/**
 * Runs tasks and children for all workflows of an engine: makes their inputs, submits those of a tick together, and
 * hears of their ends. Workflows take turns; no more than `starting` works are on their way to the queue at once.
 */
export class WorkRunner {
  readonly #init: WorkRunnerInit
  readonly #ends: TaskEnds<Work>
  /** Workflows with something in their line, in the order of their turns. */
  readonly #turns = new Set<OpenWorkflow>()
  #starting = 0
  #pumping = false
  #batch: { work: Work; request: TaskRequest }[] = []
  #scheduled = false
  #stopPause: (() => void) | undefined
  #closed = false

  constructor(init: WorkRunnerInit) {
    this.#init = init
    this.#ends = new TaskEnds({
      ...init,
      onEnd: (work, end) => this.#end(work, end),
    })
  }

  /** Puts it in its workflow's line, unless an earlier run has begun it. */
  begin(work: Work): void {
    const { workflow } = work.run
    const earlier = workflow.earlier.size === 0 ? undefined : workflow.earlier.get(keyOf(work))
    if (earlier !== undefined) {
      this.resume(Object.assign(work, earlier))
      this.#init.onStarted(work)
      return
    }
    work.run.works.set(work.number, work)
    workflow.works += 1
    workflow.line.push(work)
    this.go(workflow)
  }

  /** Goes on with one whose task or child is known. */
  resume(work: Work): void {
    const { run, number, taskId, childId } = work
    run.works.set(number, work)
    run.workflow.works += 1
    run.workflow.earlier.delete(keyOf(work))
    work.phase = 'running'
    if (taskId !== undefined) this.#ends.look(taskId, work)
    else if (childId !== undefined) {
      work.room = this.#init.rooms.roomFor(run.workflow.head.depth + 1, 0)
      this.#init.rooms.hold(work.room)
      this.#init.children.watch(childId, end => this.#end(work, end))
    }
  }

  /** The workflow has something to start, or may start again. */
  go(workflow: OpenWorkflow): void {
    if (workflow.line.length === 0) return
    this.#turns.add(workflow)
    this.#pump()
  }

  /** After `mayAct` said no. */
  goOn(): void {
    this.#ends.goOn()
    this.#pump()
  }

  /** Asks it to end; it ends by `onEnded` as it will, at once where nothing runs yet. */
  cancel(work: Work, reason: string): void {
    if (work.over || work.cancelling !== undefined) return
    work.cancelling = reason
    if (work.phase === 'line') this.#end(work, cancelled(reason))
    else if (work.phase === 'running') this.#cancelRunning(work, reason)
  }

  /** What earlier runs left of a workflow that a new one of its engine found: tasks and children that have not ended. */
  async earlier({ workflow_id, principal }: WorkflowHead, plan: Plan): Promise<Map<string, Earlier>> {
    const found = new Map<string, Earlier>()
    const open = await this.#init.tasks.open(principal, keysOf(workflow_id))
    for (const [key, taskId] of open) found.set(key, { taskId })
    if (!plan.steps.some(({ work }) => work.kind === 'workflow')) return found
    for (const [key, childId] of await this.#init.children.open(workflow_id)) found.set(key, { childId })
    return found
  }

  /** Asks to end what earlier runs left and nothing here is about. */
  cancelEarlier(workflow: OpenWorkflow, reason: string): void {
    const { earlier, head } = workflow
    workflow.earlier = new Map()
    for (const each of earlier.values()) this.#cancelOne(each, head.principal, reason, () => this.#closed)
  }

  /** Forgets all works of a workflow; what runs goes on. */
  forget(workflow: OpenWorkflow): void {
    this.#turns.delete(workflow)
    workflow.line.clear()
    for (const run of workflow.runs.values()) {
      for (const work of run.works.values()) this.#forgetOne(work)
      run.works.clear()
    }
  }

  /** Resolves when the ends that are known of are read. */
  caughtUp(): Promise<void> {
    return this.#ends.caughtUp()
  }

  close(): void {
    this.#closed = true
    this.#stopPause?.()
    this.#ends.close()
  }

  #forgetOne(work: Work): void {
    work.over = true
    this.#leaveRoom(work)
    if (work.taskId !== undefined) this.#ends.forget(work.taskId)
    if (work.childId !== undefined) this.#init.children.forget(work.childId)
  }

  #pump(): void {
    // What ends at once while it is started makes others ready: the round that is under way starts these.
    if (this.#pumping) return
    this.#pumping = true
    try {
      this.#startInTurn()
    } finally {
      this.#pumping = false
    }
  }

  #startInTurn(): void {
    const { starting, mayAct } = this.#init
    for (const workflow of this.#turns) {
      if (this.#starting >= starting || this.#stopPause !== undefined || this.#closed || !mayAct()) return
      this.#turns.delete(workflow)
      // It comes again when it may go on.
      if (workflow.isHeld || workflow.appended < workflow.barrier) continue
      const work = workflow.line.shift()
      if (workflow.line.length > 0) this.#turns.add(workflow)
      if (work !== undefined && !work.over) this.#start(work)
    }
  }

  #start(work: Work): void {
    this.#starting += 1
    work.phase = 'starting'
    try {
      const refusal = this.#init.mayRun(work.run.workflow.head.principal)
      if (refusal !== undefined) throw new ToolmeshError(refusal.code, refusal.message)
      const input = this.#inputOf(work)
      if (!(input instanceof Promise)) this.#launch(work, input)
      else input.then(made => this.#launch(work, made)).catch(error => this.#failed(work, error))
    } catch (error) {
      this.#failed(work, error)
    }
  }

  #inputOf(work: Work): Json | Promise<Json> {
    const { run, number, error } = work
    const { step, workflow } = run
    const more: More = {}
    if (number === COMPENSATION) {
      if (step.onError.kind !== 'run') throw new Error(`${step.id} has nothing that compensates it`)
      if (error !== undefined) more.error = JSON.parse(JSON.stringify(error)) as Json
      return this.#init.values.resolve(workflow, step.onError.params, more)
    }
    const { work: what } = step
    if (what.kind !== 'task' && what.kind !== 'workflow') throw new Error(`${step.id} runs nothing`)
    if (number >= 0) {
      more.item = run.items?.list[number] ?? null
      more.index = number
    }
    return this.#init.values.resolve(workflow, what.kind === 'task' ? what.params : what.input, more)
  }

  #launch(work: Work, input: Json): void {
    if (this.#isOver(work)) return
    const { step } = work.run
    if (work.number !== COMPENSATION && step.work.kind === 'workflow') {
      this.#startChild(work, input)
      return
    }
    if (!isObject(input)) {
      this.#failed(work, new InvalidInputError('/params', input, 'an object'))
      return
    }
    const { tool, cache } = taskOf(work)
    if (!cache || this.#init.cache === undefined) {
      this.#submit(work, tool, input)
      return
    }
    work.cacheKey = cidOf([tool.interface_cid, tool.code_cid, cidOf(input)])
    this.#init.cache
      .get(work.cacheKey)
      // A cache that fails only costs the run.
      .catch(() => undefined)
      .then(found => {
        if (this.#isOver(work)) return
        if (found === undefined) return this.#submit(work, tool, input)
        this.#starting -= 1
        this.#end(work, { state: 'succeeded', output: found, cached: true })
        this.#pump()
      })
      .catch(error => this.#failed(work, error))
  }

  #startChild(work: Work, input: Json): void {
    const { children } = this.#init
    work.phase = 'submitting'
    children.start(work, input).then(
      childId => {
        this.#starting -= 1
        work.phase = 'running'
        if (work.over) this.#leaveRoom(work)
        else {
          work.childId = childId
          this.#init.onStarted(work)
          children.watch(childId, end => this.#end(work, end))
          if (work.cancelling !== undefined) this.#cancelRunning(work, work.cancelling)
        }
        this.#pump()
      },
      error => {
        if (work.over) this.#leaveRoom(work)
        if (error instanceof NoRoomError) this.#waitForRoom(work, error.room)
        else if (LATER.has(factsOf(error).code)) this.#putBack(work, error)
        else this.#failed(work, error)
      },
    )
  }

  /** It is no more on its way, so that what is open can go on and end. */
  #waitForRoom(work: Work, room: ChildRoom): void {
    this.#starting -= 1
    if (work.over) return
    if (work.cancelling !== undefined) {
      this.#end(work, cancelled(work.cancelling))
      return
    }
    work.phase = 'line'
    this.#init.rooms.wait(room, taken => {
      if (work.over) return false
      work.room = taken
      work.run.workflow.line.push(work)
      this.go(work.run.workflow)
      return true
    })
    this.#pump()
  }

  /** Others may have the room of a child that has ended, or was never made. */
  #leaveRoom(work: Work): void {
    const { room } = work
    if (room === undefined) return
    delete work.room
    this.#init.rooms.give(room)
  }

  #submit(work: Work, tool: ToolDescriptor, params: JsonObject): void {
    const { run } = work
    work.phase = 'submitting'
    const metadata: JsonObject = {
      workflow_id: run.workflow.id,
      step: run.step.id,
      ...itemOf(work),
      generation: run.generation,
    }
    this.#batch.push({ work, request: { tool: tool.name, params, ...taskOf(work).options, metadata } })
    if (this.#scheduled) return
    this.#scheduled = true
    // What one tick makes ready travels together.
    queueMicrotask(() => {
      this.#scheduled = false
      const batch = this.#batch
      this.#batch = []
      for (let at = 0; at < batch.length; at += SUBMIT_BATCH)
        void this.#send(batch.slice(at, at + SUBMIT_BATCH))
    })
  }

  async #send(batch: { work: Work; request: TaskRequest }[]): Promise<void> {
    const submitted = this.#ends.expectMore()
    try {
      const receipts = await this.#init.tasks.submit(
        batch.map(({ work, request }) => {
          const { head } = work.run.workflow
          return {
            principal: head.principal,
            request,
            key: keyOf(work),
            guard: { workflow_id: head.workflow_id, fence: head.fence },
          }
        }),
      )
      for (const [at, { work }] of batch.entries()) this.#follow(work, receipts[at])
    } catch (error) {
      for (const { work } of batch.toReversed()) this.#putBack(work, error)
    } finally {
      submitted()
      this.#pump()
    }
  }

  #follow(work: Work, receipt: SubmitReceipt | undefined): void {
    if (receipt === undefined) {
      this.#putBack(work, new ToolmeshError('unavailable', 'no receipt'))
      return
    }
    if ('error' in receipt) {
      const { error } = receipt
      if (error.code === 'stale_fence') {
        this.#starting -= 1
        if (!work.run.workflow.closed) this.#init.onStale(work.run.workflow)
      } else if (LATER.has(error.code)) {
        this.#putBack(work, error)
      } else {
        this.#starting -= 1
        this.#end(work, { state: 'failed', error })
      }
      return
    }
    this.#starting -= 1
    // What was forgotten meanwhile runs on: another engine finds it by its key.
    if (work.over) return
    work.phase = 'running'
    work.taskId = receipt.task_id
    this.#ends.watch(receipt.task_id, work, receipt.state)
    this.#init.onStarted(work)
    if (work.cancelling !== undefined) this.#cancelRunning(work, work.cancelling)
  }

  /** The queue takes nothing now: it is tried again after a while, and nothing is lost. */
  #putBack(work: Work, error: unknown): void {
    this.#starting -= 1
    if (work.over) return
    if (work.cancelling !== undefined) {
      this.#end(work, cancelled(work.cancelling))
      return
    }
    const { workflow } = work.run
    work.phase = 'line'
    workflow.line.unshift(work)
    this.#turns.add(workflow)
    if (this.#stopPause !== undefined || this.#closed) return
    const pause = retryAfter(error)
    this.#init.logger('debug', 'steps of workflows wait for the queue', { error: String(error), pause })
    this.#stopPause = this.#init.clock.after(pause, () => {
      this.#stopPause = undefined
      this.#pump()
    })
  }

  #cancelRunning(work: Work, reason: string): void {
    const { taskId, childId = '' } = work
    const isOver = () => work.over || this.#closed
    const what = taskId === undefined ? { childId } : { taskId }
    this.#cancelOne(what, work.run.workflow.head.principal, reason, isOver)
  }

  #cancelOne(what: Earlier, by: string, reason: string, isOver: () => boolean): void {
    const { children, tasks, logger, clock } = this.#init
    const asked =
      'taskId' in what ? tasks.cancel(what.taskId, reason) : children.cancel(what.childId, by, reason)
    asked.catch(error => {
      // It is tried again as long as it runs; a store that fails says so elsewhere.
      if (isOver()) return
      logger('debug', 'what runs for a step could not be cancelled yet', { error: String(error) })
      clock.after(RETRY_MS, () => {
        if (!isOver()) this.#cancelOne(what, by, reason, isOver)
      })
    })
  }

  /** It was forgotten, or is to end, while its input was made. */
  #isOver(work: Work): boolean {
    if (!work.over && work.cancelling === undefined && !work.run.workflow.closed) return false
    this.#starting -= 1
    if (!work.over && work.cancelling !== undefined) this.#end(work, cancelled(work.cancelling))
    this.#pump()
    return true
  }

  #failed(work: Work, error: unknown): void {
    const facts = factsOf(error)
    // The store could not be read: that is no fault of the step.
    if (facts.code === 'unavailable') {
      this.#putBack(work, error)
      return
    }
    this.#starting -= 1
    this.#end(work, { state: 'failed', error: facts })
    this.#pump()
  }

  #end(work: Work, end: WorkEnd): void {
    if (work.over) return
    work.over = true
    this.#leaveRoom(work)
    const { run } = work
    run.works.delete(work.number)
    run.workflow.works -= 1
    if (run.workflow.closed) return
    if (
      work.cacheKey !== undefined &&
      end.state === 'succeeded' &&
      !end.cached &&
      typeof end.output === 'string'
    )
      this.#init.cache?.set(work.cacheKey, end.output).catch(() => {})
    this.#init.onEnded(work, end)
  }
}

/** The task that a work runs; throws for a child. */
function taskOf(work: Work): { tool: ToolDescriptor; options: Partial<TaskRequest>; cache: boolean } {
  const { step } = work.run
  if (work.number === COMPENSATION) {
    if (step.onError.kind === 'run') return { ...step.onError, cache: false }
  } else if (step.work.kind === 'task') {
    return step.work
  }
  throw new Error(`${step.id} runs no task`)
}

function cancelled(reason: string): WorkEnd {
  return { state: 'cancelled', error: { code: 'cancelled', message: reason, retryable: false } }
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function retryAfter(error: unknown): number {
  if (typeof error === 'object' && error !== null && 'retry_after_ms' in error)
    return Number(error.retry_after_ms)
  return (error instanceof ToolmeshError ? error.details.retry_after_ms : undefined) ?? RETRY_MS
}
