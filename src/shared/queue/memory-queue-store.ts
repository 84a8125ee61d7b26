import { InvalidInputError } from '../errors.ts'
import { type Command, changedReply, type JsonText, type Reply } from './commands.ts'
import { StoreUnavailableError } from './errors.ts'
import { decide } from './states.ts'
import type { QueueStore, TaskFilter, TaskPage } from './store.ts'
import { type Task, type TaskHead, type TaskState, TERMINAL_STATES } from './task.ts'

interface Entry {
  order: number
  head: TaskHead
  params: JsonText
  result?: JsonText
}

const LIVE_PAGE = 1_000

/** Tasks in memory only: for tests, and for a queue that need not outlive its process. */
export class MemoryQueueStore implements QueueStore {
  #seq = 0
  #made = 0
  #closed = false
  /** In the order in which they were made. */
  readonly #entries = new Map<string, Entry>()
  readonly #byKey = new Map<string, Entry>()
  readonly #counts = emptyCounts()

  get failure(): string | undefined {
    return this.#closed ? 'the task store is closed' : undefined
  }

  async apply(commands: readonly Command[]): Promise<Reply[]> {
    this.#ensureOpen()
    return commands.map(command => this.#applyOne(command))
  }

  async get(taskId: string): Promise<Task | undefined> {
    this.#ensureOpen()
    const entry = this.#entries.get(taskId)
    if (entry === undefined) return undefined
    const task: Task = { ...structuredClone(entry.head), params: JSON.parse(entry.params) }
    if (entry.result !== undefined) task.result = JSON.parse(entry.result)
    return task
  }

  async list(filter: TaskFilter): Promise<TaskPage> {
    this.#ensureOpen()
    const newest = filter.order === 'newest'
    const from = filter.cursor === undefined ? undefined : parseCursor(filter.cursor)
    const entries = [...this.#entries.values()]
    const found = (newest ? entries.reverse() : entries).filter(
      ({ order, head }) =>
        (from === undefined || (newest ? order < from : order > from)) &&
        (filter.states === undefined || filter.states.includes(head.state)) &&
        (filter.tool === undefined || filter.tool === head.tool) &&
        (filter.principal === undefined || filter.principal === head.principal),
    )
    const page = found.slice(0, filter.limit)
    const last = page.at(-1)
    return {
      tasks: page.map(({ head }) => structuredClone(head)),
      ...(last !== undefined && found.length > page.length ? { next_cursor: String(last.order) } : {}),
    }
  }

  async counts(): Promise<Record<TaskState, number>> {
    this.#ensureOpen()
    return { ...this.#counts }
  }

  async *live(): AsyncGenerator<TaskHead[]> {
    this.#ensureOpen()
    const heads = [...this.#entries.values()]
      .map(({ head }) => head)
      .filter(head => !TERMINAL_STATES.has(head.state))
    for (let from = 0; from < heads.length; from += LIVE_PAGE) yield heads.slice(from, from + LIVE_PAGE)
  }

  async prune(endedBefore: number, max: number): Promise<number> {
    this.#ensureOpen()
    const old = [...this.#entries.values()]
      .filter(({ head }) => head.ended_at !== undefined && head.ended_at < endedBefore)
      .sort((a, b) => (a.head.ended_at ?? 0) - (b.head.ended_at ?? 0))
      .slice(0, max)
    for (const { head } of old) {
      this.#entries.delete(head.task_id)
      if (head.idempotency_key !== undefined) this.#byKey.delete(keyOf(head.principal, head.idempotency_key))
      this.#counts[head.state] -= 1
    }
    return old.length
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #applyOne(command: Command): Reply {
    const taken = command.kind === 'submit' ? this.#holderOf(command.task) : undefined
    if (taken !== undefined && command.kind === 'submit') {
      const { task_id, state, request_cid } = taken.head
      const refusal = request_cid === command.task.request_cid ? 'duplicate' : 'conflict'
      return { changed: false, task_id, refusal, state }
    }
    const entry = this.#entries.get(command.task_id)
    const decision = decide(entry?.head, command)
    if ('refusal' in decision) {
      const state = entry === undefined ? {} : { state: entry.head.state }
      return { changed: false, task_id: command.task_id, refusal: decision.refusal, ...state }
    }
    const head = { ...decision.task, seq: ++this.#seq }
    this.#counts[head.state] += 1
    if (entry !== undefined) {
      this.#counts[entry.head.state] -= 1
      entry.head = head
      if (command.kind === 'settle' && command.outcome.state === 'succeeded')
        entry.result = command.outcome.result
      return changedReply(command, head, entry.params)
    }
    if (command.kind === 'submit') this.#add({ order: ++this.#made, head, params: command.params })
    return changedReply(command, head, undefined)
  }

  #add(entry: Entry): void {
    const { task_id, principal, idempotency_key } = entry.head
    this.#entries.set(task_id, entry)
    if (idempotency_key !== undefined) this.#byKey.set(keyOf(principal, idempotency_key), entry)
  }

  #holderOf({ principal, idempotency_key }: TaskHead): Entry | undefined {
    return idempotency_key === undefined ? undefined : this.#byKey.get(keyOf(principal, idempotency_key))
  }

  #ensureOpen(): void {
    if (this.#closed) throw new StoreUnavailableError('closed')
  }
}

function keyOf(principal: string, key: string): string {
  return JSON.stringify([principal, key])
}

function parseCursor(cursor: string): number {
  if (!/^[0-9]{1,15}$/.test(cursor))
    throw new InvalidInputError('/cursor', cursor, 'next_cursor of an earlier page')
  return Number(cursor)
}

function emptyCounts(): Record<TaskState, number> {
  return { scheduled: 0, queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0, expired: 0 }
}
