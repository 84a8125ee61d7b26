import type { Json } from '../../tools/tool.ts'
import { StoreUnavailableError } from '../errors.ts'
import { changedReply, eventOf } from '../states/changed-reply.ts'
import type { Body, Command, JsonText, Reply } from '../states/commands.ts'
import { waitingLane } from '../states/lane.ts'
import { decide, dueAt } from '../states/states.ts'
import { type TaskEvent, type TaskHead, type TaskState, TERMINAL_STATES } from '../task.ts'
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
} from './store.ts'
import { cursorOf, parseCursor, type TaskPosition } from './task-cursor.ts'

interface Entry {
  order: number
  head: TaskHead
  params: Body
  result?: Body
  logs: Map<number, JsonText>
}

const PAGE = 1_000

/** Tasks in memory only: for tests, and for a queue that need not outlive its process. */
export class MemoryQueueStore implements QueueStore {
  readonly #fenceOf: (workflowId: string) => number | undefined
  #seq = 0
  #made = 0
  #closed = false
  /** In the order in which they were made. */
  readonly #entries = new Map<string, Entry>()
  readonly #byKey = new Map<string, Entry>()
  /** The tasks that wait in each lane. */
  readonly #lanes = new Map<string, Set<Entry>>()
  readonly #counts = emptyCounts()
  readonly #records = new Map<string, Json>()
  #events: TaskEvent[] = []

  /** @param workflows whose fences guard submits; without them each guarded submit is refused */
  constructor(workflows?: { fenceOf(workflowId: string): number | undefined }) {
    this.#fenceOf = id => workflows?.fenceOf(id)
  }

  get failure(): string | undefined {
    return this.#closed ? 'the task store is closed' : undefined
  }

  async apply(commands: readonly Command[]): Promise<Reply[]> {
    this.#ensureOpen()
    return commands.map(command => this.#applyOne(command))
  }

  async get(taskId: string): Promise<StoredTask | undefined> {
    return this.#read(taskId)
  }

  async head(taskId: string): Promise<TaskHead | undefined> {
    return this.#read(taskId)?.head
  }

  async result(taskId: string): Promise<TaskResultRow | undefined> {
    return this.#result(taskId)
  }

  async results(taskIds: readonly string[]): Promise<(TaskResultRow | undefined)[]> {
    this.#ensureOpen()
    return taskIds.map(taskId => this.#result(taskId))
  }

  async list(filter: TaskFilter): Promise<TaskPage> {
    this.#ensureOpen()
    const from = parseCursor(filter)
    const newest = filter.order === 'newest'
    const place = ({ order, head }: Entry): TaskPosition => {
      return { order, ended_at: filter.sort === 'ended' ? (head.ended_at ?? 0) : 0 }
    }
    const found = [...this.#entries.values()]
      .filter(entry => matches(entry.head, filter))
      .sort((a, b) => (newest ? compare(place(b), place(a)) : compare(place(a), place(b))))
      .filter(entry => from === undefined || (newest ? -1 : 1) * compare(place(entry), from) > 0)
    const page = found.slice(0, filter.limit)
    const last = page.at(-1)
    return {
      tasks: page.map(({ head }) => structuredClone(head)),
      ...(last !== undefined && found.length > page.length
        ? { next_cursor: cursorOf(place(last), filter.sort) }
        : {}),
    }
  }

  async counts(): Promise<Record<TaskState, number>> {
    this.#ensureOpen()
    return { ...this.#counts }
  }

  async lanes(): Promise<{ lane: string; waiting: number }[]> {
    this.#ensureOpen()
    return [...this.#lanes].map(([lane, entries]) => ({ lane, waiting: entries.size }))
  }

  async waiting(lane: string, after: number, limit: number): Promise<WaitingTask[]> {
    this.#ensureOpen()
    return [...(this.#lanes.get(lane) ?? [])]
      .filter(({ order }) => order > after)
      .sort((a, b) => a.order - b.order)
      .slice(0, limit)
      .map(({ order, head }) => ({ task_id: head.task_id, order, queued_at: head.queued_at ?? 0 }))
  }

  async due(after: Pick<DueTask, 'due_at' | 'order'> | undefined, limit: number): Promise<DueTask[]> {
    this.#ensureOpen()
    const found: DueTask[] = []
    for (const { order, head } of this.#entries.values()) {
      const due_at = dueAt(head)
      if (due_at !== undefined) found.push({ task_id: head.task_id, due_at, order })
    }
    const isBehind = ({ due_at, order }: DueTask) =>
      after === undefined || due_at > after.due_at || (due_at === after.due_at && order > after.order)
    return found
      .filter(isBehind)
      .sort((a, b) => a.due_at - b.due_at || a.order - b.order)
      .slice(0, limit)
  }

  async openByKey(principal: string, prefix: string, after: string, limit: number): Promise<KeyedTask[]> {
    this.#ensureOpen()
    const found: KeyedTask[] = []
    for (const { head } of this.#byKey.values()) {
      const { task_id, idempotency_key: key = '' } = head
      if (head.principal !== principal || TERMINAL_STATES.has(head.state)) continue
      if (key.startsWith(prefix) && key > after) found.push({ key, task_id })
    }
    return found.sort((a, b) => (a.key < b.key ? -1 : 1)).slice(0, limit)
  }

  async *running(): AsyncGenerator<TaskHead[]> {
    this.#ensureOpen()
    const heads = [...this.#entries.values()].map(({ head }) => structuredClone(head))
    const running = heads.filter(head => head.state === 'running')
    for (let from = 0; from < running.length; from += PAGE) yield running.slice(from, from + PAGE)
  }

  async events(after: number, limit: number): Promise<EventPage> {
    this.#ensureOpen()
    const oldest = this.#events[0]?.seq ?? this.#seq + 1
    const from = Math.max(after + 1 - oldest, 0)
    return { events: structuredClone(this.#events.slice(from, from + limit)), oldest, last: this.#seq }
  }

  async records(): Promise<{ key: string; value: Json }[]> {
    this.#ensureOpen()
    return [...this.#records].map(([key, value]) => ({ key, value: structuredClone(value) }))
  }

  async putRecord(key: string, value: Json | undefined): Promise<void> {
    this.#ensureOpen()
    if (value === undefined) this.#records.delete(key)
    else this.#records.set(key, structuredClone(value))
  }

  async prune(endedBefore: number, max: number): Promise<{ tasks: number; blobs: string[] }> {
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
    const kept = this.#events.findIndex(event => event.at >= endedBefore)
    this.#events = kept === -1 ? [] : this.#events.slice(kept)
    const used = this.#blobs()
    const blobs = new Set(old.flatMap(blobsOf).filter(cid => !used.has(cid)))
    return { tasks: old.length, blobs: [...blobs] }
  }

  async referred(cids: readonly string[]): Promise<string[]> {
    this.#ensureOpen()
    const used = this.#blobs()
    return cids.filter(cid => used.has(cid))
  }

  async *blobs(): AsyncGenerator<string[]> {
    this.#ensureOpen()
    const used = this.#blobs()
    if (used.size > 0) yield [...used]
  }

  async check(): Promise<void> {
    this.#ensureOpen()
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #result(taskId: string): TaskResultRow | undefined {
    const { head, result } = this.#read(taskId) ?? {}
    return head && { head, ...(result === undefined ? {} : { result }) }
  }

  #read(taskId: string): StoredTask | undefined {
    this.#ensureOpen()
    const entry = this.#entries.get(taskId)
    if (entry === undefined) return undefined
    const { head, params, result } = entry
    const logs = [...entry.logs].map(([fence, lines]) => ({ fence, lines })).sort((a, b) => a.fence - b.fence)
    return structuredClone({ head, params, ...(result === undefined ? {} : { result }), logs })
  }

  #applyOne(command: Command): Reply {
    const guard = command.kind === 'submit' ? command.guard : undefined
    if (guard !== undefined && this.#fenceOf(guard.workflow_id) !== guard.fence) {
      return { changed: false, task_id: command.task_id, refusal: 'stale_fence' }
    }
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
    const waitedIn = entry === undefined ? undefined : waitingLane(entry.head)
    if (entry !== undefined) this.#leave(entry)
    const changed = entry ?? this.#add(head, command)
    changed.head = head
    this.#enter(changed)
    keepBodies(changed, command)
    const reply = changedReply(command, head, {
      order: changed.order,
      waitedIn,
      waitsIn: waitingLane(head),
      params: changed.params,
    })
    this.#events.push(eventOf(reply))
    return reply
  }

  #add(head: TaskHead, command: Command): Entry {
    const { task_id, principal, idempotency_key } = head
    const params = command.kind === 'submit' ? command.params : '{}'
    const entry: Entry = { order: ++this.#made, head, params, logs: new Map() }
    this.#entries.set(task_id, entry)
    if (idempotency_key !== undefined) this.#byKey.set(keyOf(principal, idempotency_key), entry)
    return entry
  }

  /** Takes the task out of what goes by its state, before that changes. */
  #leave(entry: Entry): void {
    this.#counts[entry.head.state] -= 1
    const lane = waitingLane(entry.head)
    if (lane === undefined) return
    const waiting = this.#lanes.get(lane)
    waiting?.delete(entry)
    if (waiting?.size === 0) this.#lanes.delete(lane)
  }

  #enter(entry: Entry): void {
    this.#counts[entry.head.state] += 1
    const lane = waitingLane(entry.head)
    if (lane === undefined) return
    const waiting = this.#lanes.get(lane)
    if (waiting === undefined) this.#lanes.set(lane, new Set([entry]))
    else waiting.add(entry)
  }

  #holderOf({ principal, idempotency_key }: TaskHead): Entry | undefined {
    return idempotency_key === undefined ? undefined : this.#byKey.get(keyOf(principal, idempotency_key))
  }

  #blobs(): Set<string> {
    return new Set([...this.#entries.values()].flatMap(blobsOf))
  }

  #ensureOpen(): void {
    if (this.#closed) throw new StoreUnavailableError('closed')
  }
}

/** What a change brings beside the task's head. */
function keepBodies(entry: Entry, command: Command): void {
  if (command.kind === 'settle' && command.outcome.state === 'succeeded')
    entry.result = command.outcome.result
  if ((command.kind !== 'settle' && command.kind !== 'release') || command.logs === undefined) return
  entry.logs.set(command.fence, command.logs)
  const fences = new Set(entry.head.attempts.map(attempt => attempt.fence))
  for (const fence of entry.logs.keys()) if (!fences.has(fence)) entry.logs.delete(fence)
}

function blobsOf({ params, result }: Entry): string[] {
  return [params, result].flatMap(body => (typeof body === 'object' ? [body.blob] : []))
}

function matches(head: TaskHead, filter: TaskFilter): boolean {
  const { states, tool, principal, labels = {}, created_from = -Infinity, created_until = Infinity } = filter
  return (
    (states === undefined || states.includes(head.state)) &&
    (tool === undefined || tool === head.tool) &&
    (principal === undefined || principal === head.principal) &&
    Object.entries(labels).every(([name, value]) => head.labels[name] === value) &&
    head.created_at >= created_from &&
    head.created_at < created_until &&
    (filter.sort !== 'ended' || head.ended_at !== undefined)
  )
}

function compare(a: TaskPosition, b: TaskPosition): number {
  return a.ended_at - b.ended_at || a.order - b.order
}

function keyOf(principal: string, key: string): string {
  return JSON.stringify([principal, key])
}

function emptyCounts(): Record<TaskState, number> {
  return { scheduled: 0, queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0, expired: 0 }
}
