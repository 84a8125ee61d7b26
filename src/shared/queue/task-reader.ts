import { type ErrorFacts, InvalidInputError } from '../errors.ts'
import type { Json } from '../tools/tool.ts'
import type { Bodies } from './bodies/bodies.ts'
import { TaskNotFoundError } from './errors.ts'
import type { QueueLimits } from './limits.ts'
import type { ResultWaiters } from './result-waiters.ts'
import type { Body } from './states/commands.ts'
import type { EventPage, QueueStore, StoredTask, TaskFilter, TaskPage } from './store/store.ts'
import { type Task, type TaskHead, type TaskState, TERMINAL_STATES } from './task.ts'

/** Which tasks to list; times in epoch milliseconds. Defaults: a whole page, the newest first. */
export interface ListRequest extends Partial<Omit<TaskFilter, 'states'>> {
  state?: TaskState | TaskState[]
}

/** How a task stands: `result` when it has succeeded, `error` when it ended otherwise. */
export interface TaskResult {
  task_id: string
  state: TaskState
  principal: string
  result?: Json
  error?: ErrorFacts
}

export interface TaskReaderInit {
  store: QueueStore
  bodies: Pick<Bodies, 'read'>
  waiters: ResultWaiters
  limits: QueueLimits
}

/** Changes in one page of events, at most. */
const EVENTS_PAGE = 1_000

/** Reads tasks; what a read does not show is not read. Each throws `not_found` for an id that is none. */
export class TaskReader {
  readonly #init: TaskReaderInit

  constructor(init: TaskReaderInit) {
    this.#init = init
  }

  /** The task whole: its params, its result, and the log lines of its attempts. */
  async get(taskId: string): Promise<Task> {
    const found = await this.#stored(taskId)
    const { params, result } = found
    const task: Task = { ...headWithLogs(found), params: JSON.parse(await this.#init.bodies.read(params)) }
    if (result !== undefined) task.result = await this.#json(result)
    return task
  }

  /** The task, and its params without reading them where they are large. */
  async withParams(taskId: string): Promise<{ head: TaskHead; params: Body }> {
    return this.#stored(taskId)
  }

  async params(taskId: string): Promise<Json> {
    const { params } = await this.#stored(taskId)
    return JSON.parse(await this.#init.bodies.read(params))
  }

  async head(taskId: string): Promise<TaskHead> {
    const head = await this.#init.store.head(taskId)
    if (head === undefined) throw new TaskNotFoundError(taskId)
    return head
  }

  /** The task with the log lines of its attempts, and no body. */
  async withLogs(taskId: string): Promise<TaskHead> {
    return headWithLogs(await this.#stored(taskId))
  }

  /**
   * How the task stands, after waiting at most `wait_ms` (0 to `limits.resultWaitMs`) for its end. Its params are not
   * read. Throws `queue_full` when too many wait.
   */
  async result(
    taskId: string,
    { wait_ms = 0, signal }: { wait_ms?: number; signal?: AbortSignal },
  ): Promise<TaskResult> {
    const waitMs = Math.min(wait_ms, this.#init.limits.resultWaitMs)
    if (waitMs <= 0) return this.#result(taskId)
    const { ended, stop } = this.#init.waiters.wait(taskId, waitMs, signal)
    try {
      const now = await this.#result(taskId)
      if (TERMINAL_STATES.has(now.state)) return now
      await ended
      return await this.#result(taskId)
    } finally {
      stop()
    }
  }

  /** A page of tasks without their bodies. Throws `invalid_input` (limit, cursor). */
  list({ state, limit, order = 'newest', ...filter }: ListRequest): Promise<TaskPage> {
    const { store, limits } = this.#init
    return store.list({
      ...filter,
      order,
      limit: pageSize(limit, limits.listPage),
      // A state that is named twice would be read twice.
      ...(state === undefined ? {} : { states: typeof state === 'string' ? [state] : [...new Set(state)] }),
    })
  }

  /** Changes behind `after` (a `seq`, 0: from the oldest kept), at most `limit` (1 to 1,000). */
  events(after: number, limit?: number): Promise<EventPage> {
    return this.#init.store.events(after, pageSize(limit, EVENTS_PAGE))
  }

  async #stored(taskId: string): Promise<StoredTask> {
    const found = await this.#init.store.get(taskId)
    if (found === undefined) throw new TaskNotFoundError(taskId)
    return found
  }

  async #result(taskId: string): Promise<TaskResult> {
    const found = await this.#init.store.result(taskId)
    if (found === undefined) throw new TaskNotFoundError(taskId)
    const { task_id, state, principal, error } = found.head
    const result: TaskResult = { task_id, state, principal }
    if (found.result !== undefined) result.result = await this.#json(found.result)
    if (error !== undefined) result.error = error
    return result
  }

  async #json(body: Body): Promise<Json> {
    return JSON.parse(await this.#init.bodies.read(body))
  }
}

function headWithLogs({ head, logs }: StoredTask): TaskHead {
  const byFence = new Map(logs.map(({ fence, lines }) => [fence, lines]))
  const attempts = head.attempts.map(attempt => {
    const lines = byFence.get(attempt.fence)
    return lines === undefined ? attempt : { ...attempt, logs: JSON.parse(lines) }
  })
  return { ...head, attempts }
}

function pageSize(limit: number | undefined, most: number): number {
  if (limit === undefined) return most
  if (Number.isInteger(limit) && limit >= 1 && limit <= most) return limit
  throw new InvalidInputError('/limit', limit, `1 to ${most}`)
}
