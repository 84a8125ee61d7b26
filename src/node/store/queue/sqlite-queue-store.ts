import { Worker } from 'node:worker_threads'
import { errorFromFacts } from '../../../shared/errors.ts'
import { StoreUnavailableError } from '../../../shared/queue/errors.ts'
import type { Command, Reply } from '../../../shared/queue/states/commands.ts'
import type {
  DueTask,
  EventPage,
  QueueStore,
  StoredTask,
  TaskFilter,
  TaskPage,
  TaskResultRow,
  WaitingTask,
} from '../../../shared/queue/store/store.ts'
import type { TaskHead, TaskState } from '../../../shared/queue/task.ts'
import type { Json } from '../../../shared/tools/tool.ts'
import { commandsToText } from './command-codec.ts'
import type { QueueFileOptions } from './queue-file.ts'
import {
  OPENED,
  type ThreadArgs,
  type ThreadMethod,
  type ThreadResponse,
  type ThreadValue,
} from './queue-thread-protocol.ts'
import { repliesFromText } from './reply-codec.ts'

interface Pending {
  resolve(value: unknown): void
  reject(error: unknown): void
}

/**
 * Opens a task store in a SQLite file, in a thread of its own. `synchronous` defaults to `full`. Rejects with
 * `conflict` when another process has it open or when it is not this version's to read, else `unavailable`.
 */
export async function openSqliteQueueStore(
  options: Pick<QueueFileOptions, 'path'> & Partial<QueueFileOptions>,
): Promise<QueueStore> {
  const store = new SqliteQueueStore({ synchronous: 'full', ...options })
  await store.opened
  return store
}

/** The main thread's end of the store: every call is a message to the thread that has the file. */
class SqliteQueueStore implements QueueStore {
  readonly opened: Promise<unknown>
  readonly #thread: Worker
  readonly #exited: Promise<void>
  readonly #pending = new Map<number, Pending>()
  #lastId = OPENED
  #ended: Error | undefined

  constructor(options: QueueFileOptions) {
    // The thread's module is TypeScript in a checkout and JavaScript in an installed package, as this one is.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    const url = new URL(`./sqlite-queue-thread.${extension}`, import.meta.url)
    this.#thread = new Worker(url, { workerData: options, name: 'task-store' })
    const exited = Promise.withResolvers<void>()
    this.#exited = exited.promise
    this.opened = new Promise((resolve, reject) => this.#pending.set(OPENED, { resolve, reject }))
    this.#thread.on('message', (response: ThreadResponse) => this.#onResponse(response))
    this.#thread.on('error', error =>
      this.#end(new StoreUnavailableError(`its thread failed: ${error}`, error)),
    )
    this.#thread.on('exit', () => {
      this.#end(new StoreUnavailableError('its thread has ended'))
      exited.resolve()
    })
  }

  get failure(): string | undefined {
    return this.#ended?.message
  }

  async apply(commands: readonly Command[]): Promise<Reply[]> {
    return repliesFromText(commands, await this.#call('apply', commandsToText(commands)))
  }

  get(taskId: string): Promise<StoredTask | undefined> {
    return this.#call('get', taskId)
  }

  head(taskId: string): Promise<TaskHead | undefined> {
    return this.#call('head', taskId)
  }

  result(taskId: string): Promise<TaskResultRow | undefined> {
    return this.#call('result', taskId)
  }

  results(taskIds: readonly string[]): Promise<(TaskResultRow | undefined)[]> {
    return this.#call('results', taskIds)
  }

  list(filter: TaskFilter): Promise<TaskPage> {
    return this.#call('list', filter)
  }

  counts(): Promise<Record<TaskState, number>> {
    return this.#call('counts')
  }

  lanes(): Promise<{ lane: string; waiting: number }[]> {
    return this.#call('lanes')
  }

  waiting(lane: string, after: number, limit: number): Promise<WaitingTask[]> {
    return this.#call('waiting', lane, after, limit)
  }

  due(after: Pick<DueTask, 'due_at' | 'order'> | undefined, limit: number): Promise<DueTask[]> {
    return this.#call('due', after, limit)
  }

  async *running(): AsyncGenerator<TaskHead[]> {
    for (let after: number | undefined = 0; after !== undefined; ) {
      const page: ThreadValue<'running'> = await this.#call('running', after)
      if (page.tasks.length > 0) yield page.tasks
      after = page.last
    }
  }

  events(after: number, limit: number): Promise<EventPage> {
    return this.#call('events', after, limit)
  }

  records(): Promise<{ key: string; value: Json }[]> {
    return this.#call('records')
  }

  putRecord(key: string, value: Json | undefined): Promise<void> {
    return this.#call('putRecord', key, value)
  }

  prune(endedBefore: number, max: number): Promise<{ tasks: number; blobs: string[] }> {
    return this.#call('prune', endedBefore, max)
  }

  async *blobs(): AsyncGenerator<string[]> {
    for (let after: string | undefined = ''; after !== undefined; ) {
      const page: string[] = await this.#call('blobs', after)
      if (page.length > 0) yield page
      after = page.at(-1)
    }
  }

  check(): Promise<void> {
    return this.#call('check')
  }

  async close(): Promise<void> {
    if (this.#ended !== undefined) return
    await this.#call('close')
    this.#ended = new StoreUnavailableError('closed')
    this.#thread.ref()
    await this.#exited
  }

  #call<M extends ThreadMethod>(method: M, ...args: ThreadArgs<M>): Promise<ThreadValue<M>> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(this.#ended)
        return
      }
      this.#lastId += 1
      if (this.#pending.size === 0) this.#thread.ref()
      this.#pending.set(this.#lastId, { resolve: value => resolve(value as ThreadValue<M>), reject })
      this.#thread.postMessage({ id: this.#lastId, method, args })
    })
  }

  #onResponse(response: ThreadResponse): void {
    const pending = this.#pending.get(response.id)
    this.#pending.delete(response.id)
    // An idle store does not keep the process alive; a call under way does.
    if (this.#pending.size === 0) this.#thread.unref()
    if ('error' in response) pending?.reject(errorFromFacts(response.error))
    else pending?.resolve(response.value)
  }

  #end(error: Error): void {
    this.#ended ??= error
    for (const { reject } of this.#pending.values()) reject(error)
    this.#pending.clear()
  }
}
