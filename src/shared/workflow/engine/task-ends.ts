import type { Clock } from '../../clock.ts'
import type { ErrorFacts } from '../../errors.ts'
import type { Logger } from '../../logger.ts'
import { type TaskState, TERMINAL_STATES } from '../../queue/task.ts'
import type { TaskEnd, TaskPort } from '../ports.ts'
import type { WorkEnd } from './work.ts'

/** Ends that are read at once. */
const READ_BATCH = 500
/** Milliseconds until ends that could not be read are asked for again. */
const RETRY_MS = 1_000

export interface TaskEndsInit<T> {
  tasks: Pick<TaskPort, 'ends' | 'onEnded'>
  clock: Clock
  logger: Logger
  onEnd: (of: T, end: WorkEnd) => void
}

/** Hears of the ends of tasks and reads them, those of a tick together. `T`: what a task is of. */
export class TaskEnds<T> {
  readonly #init: TaskEndsInit<T>
  readonly #watched = new Map<string, T>()
  /** Tasks that have ended, as far as is known, and whose end is to be read. */
  #ended = new Set<string>()
  /** What ended while submits are under way: it may be of these. */
  readonly #strays = new Set<string>()
  #submits = 0
  /** Reads under way. */
  #reading = 0
  readonly #whenRead: (() => void)[] = []
  #scheduled = false
  readonly #stop: () => void
  #stopTimer = () => {}
  #closed = false

  constructor(init: TaskEndsInit<T>) {
    this.#init = init
    this.#stop = init.tasks.onEnded((taskId, end) => {
      if (!this.#watched.has(taskId)) {
        if (this.#submits > 0) this.#strays.add(taskId)
      } else if (end === undefined) this.#read(taskId)
      else this.#take(taskId, end)
    })
  }

  /** A submit begins, of which ids are not known yet; the returned function says that all of them are watched. */
  expectMore(): () => void {
    this.#submits += 1
    return () => {
      this.#submits -= 1
      if (this.#submits === 0) this.#strays.clear()
    }
  }

  /** Tells of the end of a task that was in `state` when it was submitted. */
  watch(taskId: string, of: T, state: TaskState): void {
    this.#watched.set(taskId, of)
    if (TERMINAL_STATES.has(state) || this.#strays.delete(taskId)) this.#read(taskId)
  }

  /** As `watch`, of one whose state is not known. */
  look(taskId: string, of: T): void {
    this.#watched.set(taskId, of)
    this.#read(taskId)
  }

  forget(taskId: string): void {
    this.#watched.delete(taskId)
    this.#ended.delete(taskId)
  }

  /** Reads what could not be read. */
  goOn(): void {
    if (this.#ended.size > 0) this.#schedule()
  }

  /** Resolves when none is left to be read. */
  async caughtUp(): Promise<void> {
    if (this.#ended.size > 0 || this.#reading > 0)
      await new Promise<void>(resolve => this.#whenRead.push(resolve))
  }

  close(): void {
    this.#closed = true
    this.#stop()
    this.#stopTimer()
    this.#watched.clear()
  }

  #read(taskId: string): void {
    this.#ended.add(taskId)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      const ids = [...this.#ended]
      this.#ended.clear()
      for (let at = 0; at < ids.length; at += READ_BATCH) void this.#tell(ids.slice(at, at + READ_BATCH))
    })
  }

  async #tell(ids: string[]): Promise<void> {
    this.#reading += 1
    try {
      const ends = new Map((await this.#init.tasks.ends(ids)).map(end => [end.task_id, end]))
      for (const id of ids) this.#take(id, ends.get(id))
    } catch (error) {
      this.#retry(ids, error)
    }
    this.#reading -= 1
    if (this.#ended.size === 0 && this.#reading === 0)
      for (const resolve of this.#whenRead.splice(0)) resolve()
  }

  #retry(ids: readonly string[], error: unknown): void {
    if (this.#closed) return
    const what = 'ends of tasks could not be read; trying until they are'
    this.#init.logger('warning', what, { error: String(error) })
    for (const id of ids) this.#ended.add(id)
    this.#stopTimer()
    this.#stopTimer = this.#init.clock.after(RETRY_MS, () => this.#schedule())
  }

  #take(taskId: string, end: TaskEnd | undefined): void {
    const of = this.#watched.get(taskId)
    // One that goes on is heard of when it has ended.
    if (of === undefined || this.#closed || (end !== undefined && !TERMINAL_STATES.has(end.state))) return
    this.forget(taskId)
    this.#init.onEnd(of, end === undefined ? forgotten(taskId) : workEnd(end))
  }
}

function workEnd({ task_id, state, result, error }: TaskEnd): WorkEnd {
  if (state === 'succeeded') return { state, task_id, output: result }
  const facts = error ?? { code: 'internal', message: `the task ended ${state}`, retryable: false }
  return { state: state === 'cancelled' ? 'cancelled' : 'failed', task_id, error: facts }
}

function forgotten(taskId: string): WorkEnd {
  const error: ErrorFacts = {
    code: 'outcome_unknown',
    message: `task ${taskId} is not kept any more, so how it ended is not known`,
    retryable: false,
  }
  return { state: 'failed', task_id: taskId, error }
}
