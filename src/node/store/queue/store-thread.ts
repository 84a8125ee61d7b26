import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { errorFromFacts } from '../../../shared/errors.ts'
import { StoreUnavailableError } from '../../../shared/queue/errors.ts'
import type { CacheOptions } from '../cache/serve-cache.ts'
import type { QueueFileOptions } from './queue-file.ts'
import {
  type CacheArgs,
  type CacheMethod,
  type CacheValue,
  OPENED,
  type ThreadArgs,
  type ThreadMethod,
  type ThreadRequest,
  type ThreadResponse,
  type ThreadValue,
  type WorkflowArgs,
  type WorkflowMethod,
  type WorkflowValue,
} from './queue-thread-protocol.ts'

type Call = { args: unknown[] } & (
  | { method: ThreadMethod }
  | { workflows: WorkflowMethod }
  | { cache: CacheMethod }
)

export interface StoreThreadOptions extends QueueFileOptions {
  cache: CacheOptions
}

interface Pending {
  resolve(value: unknown): void
  reject(error: unknown): void
}

/**
 * The main thread's end of the thread that has the file: every call is a message. Calls are answered in their order;
 * all reject with `unavailable` once it has ended.
 */
export class StoreThread {
  readonly #opened: Promise<unknown>
  readonly #thread: Worker
  readonly #requests: MessagePort
  readonly #exited: Promise<void>
  readonly #pending = new Map<number, Pending>()
  #lastId = OPENED
  #ended: Error | undefined

  /** Resolves when it has opened the file; rejects as `openSqliteStores` does. */
  static async open(options: StoreThreadOptions): Promise<StoreThread> {
    const thread = new StoreThread(options)
    await thread.#opened
    return thread
  }

  private constructor(options: StoreThreadOptions) {
    // The thread's module is TypeScript in a checkout and JavaScript in an installed package, as this one is.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    const url = new URL(`./sqlite-queue-thread.${extension}`, import.meta.url)
    const { port1, port2 } = new MessageChannel()
    this.#requests = port1
    this.#thread = new Worker(url, {
      workerData: { ...options, incoming: port2 },
      transferList: [port2],
      name: 'task-store',
    })
    const exited = Promise.withResolvers<void>()
    this.#exited = exited.promise
    this.#opened = new Promise((resolve, reject) => this.#pending.set(OPENED, { resolve, reject }))
    this.#thread.on('message', (response: ThreadResponse) => this.#onResponse(response))
    this.#thread.on('error', error =>
      this.#end(new StoreUnavailableError(`its thread failed: ${error}`, error)),
    )
    this.#thread.on('exit', () => {
      this.#end(new StoreUnavailableError('its thread has ended'))
      exited.resolve()
    })
  }

  /** Why nothing works any more; undefined while it does. */
  get failure(): string | undefined {
    return this.#ended?.message
  }

  call<M extends ThreadMethod>(method: M, ...args: ThreadArgs<M>): Promise<ThreadValue<M>>
  call(method: ThreadMethod, ...args: unknown[]): Promise<unknown> {
    return this.#send({ method, args })
  }

  callWorkflows<M extends WorkflowMethod>(workflows: M, ...args: WorkflowArgs<M>): Promise<WorkflowValue<M>>
  callWorkflows(workflows: WorkflowMethod, ...args: unknown[]): Promise<unknown> {
    return this.#send({ workflows, args })
  }

  callCache<M extends CacheMethod>(cache: M, ...args: CacheArgs<M>): Promise<CacheValue<M>>
  callCache(cache: CacheMethod, ...args: unknown[]): Promise<unknown> {
    return this.#send({ cache, args })
  }

  async close(): Promise<void> {
    if (this.#ended !== undefined) return
    await this.call('close')
    this.#ended = new StoreUnavailableError('closed')
    this.#thread.ref()
    await this.#exited
  }

  #send(call: Call): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(this.#ended)
        return
      }
      this.#lastId += 1
      if (this.#pending.size === 0) this.#thread.ref()
      this.#pending.set(this.#lastId, { resolve, reject })
      const request = { id: this.#lastId, ...call }
      this.#requests.postMessage(request satisfies { [K in keyof ThreadRequest]: unknown })
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
