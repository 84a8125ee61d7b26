import type { Command, Reply } from '../../../shared/queue/states/commands.ts'
import type {
  DueTask,
  EventPage,
  KeyedTask,
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
import type { ThreadValue } from './queue-thread-protocol.ts'
import { repliesFromText } from './reply-codec.ts'
import type { StoreThread } from './store-thread.ts'

/** Tasks in the file of a thread; closing it closes the thread. */
export class SqliteQueueStore implements QueueStore {
  readonly #thread: StoreThread

  constructor(thread: StoreThread) {
    this.#thread = thread
  }

  get failure(): string | undefined {
    return this.#thread.failure
  }

  async apply(commands: readonly Command[]): Promise<Reply[]> {
    return repliesFromText(commands, await this.#thread.call('apply', commandsToText(commands)))
  }

  get(taskId: string): Promise<StoredTask | undefined> {
    return this.#thread.call('get', taskId)
  }

  head(taskId: string): Promise<TaskHead | undefined> {
    return this.#thread.call('head', taskId)
  }

  result(taskId: string): Promise<TaskResultRow | undefined> {
    return this.#thread.call('result', taskId)
  }

  results(taskIds: readonly string[]): Promise<(TaskResultRow | undefined)[]> {
    return this.#thread.call('results', taskIds)
  }

  list(filter: TaskFilter): Promise<TaskPage> {
    return this.#thread.call('list', filter)
  }

  counts(): Promise<Record<TaskState, number>> {
    return this.#thread.call('counts')
  }

  lanes(): Promise<{ lane: string; waiting: number }[]> {
    return this.#thread.call('lanes')
  }

  waiting(lane: string, after: number, limit: number): Promise<WaitingTask[]> {
    return this.#thread.call('waiting', lane, after, limit)
  }

  due(after: Pick<DueTask, 'due_at' | 'order'> | undefined, limit: number): Promise<DueTask[]> {
    return this.#thread.call('due', after, limit)
  }

  openByKey(principal: string, prefix: string, after: string, limit: number): Promise<KeyedTask[]> {
    return this.#thread.call('openByKey', principal, prefix, after, limit)
  }

  async *running(): AsyncGenerator<TaskHead[]> {
    for (let after: number | undefined = 0; after !== undefined; ) {
      const page: ThreadValue<'running'> = await this.#thread.call('running', after)
      if (page.tasks.length > 0) yield page.tasks
      after = page.last
    }
  }

  events(after: number, limit: number): Promise<EventPage> {
    return this.#thread.call('events', after, limit)
  }

  records(): Promise<{ key: string; value: Json }[]> {
    return this.#thread.call('records')
  }

  putRecord(key: string, value: Json | undefined): Promise<void> {
    return this.#thread.call('putRecord', key, value)
  }

  prune(endedBefore: number, max: number): Promise<{ tasks: number; blobs: string[] }> {
    return this.#thread.call('prune', endedBefore, max)
  }

  referred(cids: readonly string[]): Promise<string[]> {
    return this.#thread.call('referred', cids)
  }

  async *blobs(): AsyncGenerator<string[]> {
    for (let after: string | undefined = ''; after !== undefined; ) {
      const page: string[] = await this.#thread.call('blobs', after)
      if (page.length > 0) yield page
      after = page.at(-1)
    }
  }

  check(): Promise<void> {
    return this.#thread.call('check')
  }

  close(): Promise<void> {
    return this.#thread.close()
  }
}
