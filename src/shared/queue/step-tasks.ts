import type { ErrorFacts } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { Submission, SubmitReceipt } from './requests/submission.ts'
import type { Body, Changed, Command, WorkflowGuard } from './states/commands.ts'
import type { QueueStore } from './store/store.ts'
import type { TaskHead, TaskRequest, TaskState } from './task.ts'

/** Tasks that are looked for by their keys at once. */
const OPEN_PAGE = 1_000

/** A task that is submitted for a workflow. */
export interface StepTask {
  principal: string
  request: TaskRequest
  /** An idempotency key that begins with `workflow:`, as no client's can; the same again is the same task. */
  key: string
  /** Refused as `stale_fence` where it is old. */
  guard: WorkflowGuard
}

/** How a task stands, its result as the store keeps it. Times in epoch milliseconds. */
export interface TaskEnd {
  task_id: string
  state: TaskState
  /** Peer of the last attempt. */
  peer_id?: string
  result?: Body
  error?: ErrorFacts
  /** When its last attempt started. */
  started_at?: number
  ended_at?: number
}

/** `end`: where it is known without a read, which is when it succeeded. */
export type EndListener = (taskId: string, end?: TaskEnd) => void

export interface StepTasksInit {
  store: Pick<QueueStore, 'results' | 'openByKey'>
  submission: Pick<Submission, 'submitSteps'>
  /** Throws where no task is taken. */
  ensureOpen: () => void
  cancel: (taskId: string, reason: string) => Promise<unknown>
  logger: Logger
}

/** The queue as those who drive workflows need it: tasks and their ends, many at once. */
export class StepTasks {
  readonly #init: StepTasksInit
  readonly #listeners = new Set<EndListener>()

  constructor(init: StepTasksInit) {
    this.#init = init
  }

  /**
   * A receipt for each, in the same order; one that was not taken has an error, `stale_fence` where its guard is old.
   * Rejects with `queue_full` or `unavailable` when it is not known that all were taken: the same again is safe.
   */
  async submit(tasks: readonly StepTask[]): Promise<SubmitReceipt[]> {
    this.#init.ensureOpen()
    return this.#init.submission.submitSteps(tasks)
  }

  /** How they stand, in the same order; those that are not there (any more) are left out. */
  async ends(taskIds: readonly string[]): Promise<TaskEnd[]> {
    const ends: TaskEnd[] = []
    for (let from = 0; from < taskIds.length; ) {
      const found = await this.#init.store.results(from === 0 ? taskIds : taskIds.slice(from))
      from += found.length
      for (const each of found) if (each !== undefined) ends.push(endOf(each.head, each.result))
    }
    return ends
  }

  /** Those of the principal that have not ended and whose key begins with `prefix`: ids by their keys. */
  async open(principal: string, prefix: string): Promise<Map<string, string>> {
    const found = new Map<string, string>()
    for (let after = ''; ; ) {
      const page = await this.#init.store.openByKey(principal, prefix, after, OPEN_PAGE)
      for (const { key, task_id } of page) found.set(key, task_id)
      const last = page.at(-1)
      if (last === undefined || page.length < OPEN_PAGE) return found
      after = last.key
    }
  }

  /** Does nothing for one that has ended or is not there. Rejects with `unavailable`. */
  async cancel(taskId: string, reason: string): Promise<void> {
    await this.#init.cancel(taskId, reason)
  }

  /** Calls `listener` after each committed end of a task, before anything else follows on it; the returned function ends it. */
  onEnded(listener: EndListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The task has ended by this command. */
  ended(command: Command, reply: Changed): void {
    if (this.#listeners.size === 0) return
    const end = succeededBy(command, reply)
    for (const listener of this.#listeners) {
      try {
        listener(reply.task_id, end)
      } catch (error) {
        this.#init.logger('error', 'a listener of ended tasks failed', { error: String(error) })
      }
    }
  }
}

function succeededBy(command: Command, reply: Changed): TaskEnd | undefined {
  if (command.kind !== 'settle' || command.outcome.state !== 'succeeded' || reply.state !== 'succeeded')
    return
  const { task_id, state, at, peer_id } = reply
  const end: TaskEnd = { task_id, state, result: command.outcome.result, ended_at: at }
  if (peer_id !== undefined) end.peer_id = peer_id
  return end
}

function endOf({ task_id, state, attempts, error, ended_at }: TaskHead, result: Body | undefined): TaskEnd {
  const end: TaskEnd = { task_id, state }
  const last = attempts.at(-1)
  if (last !== undefined) {
    end.peer_id = last.peer_id
    end.started_at = last.started_at
  }
  if (result !== undefined) end.result = result
  if (error !== undefined) end.error = error
  if (ended_at !== undefined) end.ended_at = ended_at
  return end
}
