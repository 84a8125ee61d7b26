import { Worker } from 'node:worker_threads'
import { errorFromFacts } from '../../shared/errors.ts'
import type { Command, Reply } from '../../shared/queue/commands.ts'
import { StoreUnavailableError } from '../../shared/queue/errors.ts'
import type { QueueStore, StoredTask, TaskFilter, TaskPage } from '../../shared/queue/store.ts'
import type { TaskHead, TaskState } from '../../shared/queue/task.ts'
import type { QueueDatabaseOptions } from './queue-database.ts'
import { OPENED, type ThreadCalls, type ThreadMethod, type ThreadResponse } from './queue-thread-protocol.ts'

interface Pending {
  resolve(value: unknown): void
  reject(error: unknown): void
}

/**
 * Opens a task store in a SQLite file, in a thread of its own. `synchronous` defaults to `full`. Rejects with
 * `conflict` when another process has it open or when it is not this version's to read, else `unavailable`.
 */
export async function openSqliteQueueStore(
  options: Pick<QueueDatabaseOptions, 'path'> & Partial<QueueDatabaseOptions>,
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

  constructor(options: QueueDatabaseOptions) {
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

  apply(commands: readonly Command[]): Promise<Reply[]> {
    return this.#call('apply', commands)
  }

  async get(taskId: string): Promise<StoredTask | undefined> {
    const found = await this.#call('get', taskId)
    return found === undefined ? undefined : { ...found, logs: [] }
  }

  async head(taskId: string): Promise<TaskHead | undefined> {
    return (await this.get(taskId))?.head
  }

  async result(taskId: string) {
    return this.get(taskId)
  }

  // Until the second schema is in.
  async lanes(): Promise<never> {
    throw new StoreUnavailableError('lanes are not kept yet')
  }
  async waiting(): Promise<never> {
    return this.lanes()
  }
  async due(): Promise<never> {
    return this.lanes()
  }
  async *running(): AsyncGenerator<TaskHead[]> {
    for await (const page of this.live()) yield page.filter(head => head.state === 'running')
  }
  async events(): Promise<never> {
    return this.lanes()
  }
  async records(): Promise<never> {
    return this.lanes()
  }
  async putRecord(): Promise<never> {
    return this.lanes()
  }
  async *blobs(): AsyncGenerator<string[]> {}
  async check(): Promise<never> {
    return this.lanes()
  }

  list(filter: TaskFilter): Promise<TaskPage> {
    return this.#call('list', filter)
  }

  counts(): Promise<Record<TaskState, number>> {
    return this.#call('counts')
  }

  async *live(): AsyncGenerator<TaskHead[]> {
    for (let after: number | undefined = 0; after !== undefined; ) {
      const page: ThreadCalls['live']['value'] = await this.#call('live', after)
      yield page.tasks
      after = page.last
    }
  }

  async prune(endedBefore: number, max: number) {
    return { tasks: await this.#call('prune', endedBefore, max), blobs: [] }
  }

  async close(): Promise<void> {
    if (this.#ended !== undefined) return
    await this.#call('close')
    this.#ended = new StoreUnavailableError('closed')
    this.#thread.ref()
    await this.#exited
  }

  #call<M extends ThreadMethod>(
    method: M,
    ...args: ThreadCalls[M]['args']
  ): Promise<ThreadCalls[M]['value']> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(this.#ended)
        return
      }
      this.#lastId += 1
      if (this.#pending.size === 0) this.#thread.ref()
      this.#pending.set(this.#lastId, { resolve: value => resolve(value as ThreadCalls[M]['value']), reject })
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
