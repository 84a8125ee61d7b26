import type { DatabaseSync } from 'node:sqlite'
import { StoreUnavailableError } from '../../../shared/queue/errors.ts'
import { changedReply } from '../../../shared/queue/states/changed-reply.ts'
import type {
  Body,
  Changed,
  Command,
  CommandMap,
  Refused,
  Reply,
} from '../../../shared/queue/states/commands.ts'
import { waitingLane } from '../../../shared/queue/states/lane.ts'
import { decide } from '../../../shared/queue/states/states.ts'
import type { EventPage, KeyedTask, StoredTask, WaitingTask } from '../../../shared/queue/store/store.ts'
import type { TaskHead, TaskState } from '../../../shared/queue/task.ts'
import type { CreationTimes } from './creation-times.ts'
import { LaneRegister } from './lane-register.ts'
import { type LogPlace, RedoLog } from './redo-log.ts'
import { StoreCounters } from './store-counters.ts'
import type { TaskBodies } from './task-bodies.ts'
import { TaskJournal } from './task-journal.ts'
import { type TaskRow, TaskTable } from './task-table.ts'
import { TaskWriter } from './task-writer.ts'
import { type UnwrittenTask, UnwrittenTasks } from './unwritten-tasks.ts'

/** When changes are written into the tables. */
export interface CheckpointLimits {
  /** Tasks with changes that may be kept in memory. Most have ended when it is their turn, and are written once. */
  unwritten: number
  /** Tasks that a commit writes then, at least: more lie closer together, fewer take less long. */
  perCheckpoint: number
}

const LIMITS: CheckpointLimits = { unwritten: 1_024, perCheckpoint: 256 }

/** Characters of commands that go into the tables at once: large bodies are not written twice. */
const LOGGED_CHARS = 256 * 1024

/**
 * What commands change: a commit appends them to the redo log, and what they made of their tasks stays in memory until
 * a checkpoint writes it into the tables, each task once for all that has happened to it. What the tables have of a
 * task is as of its `seq`, the counters and the journal as of theirs; so opening the file repeats from the log what
 * each of them does not have yet.
 *
 * After a transaction that was not kept the ledger is thrown away, and the next one is read from the file.
 */
export class TaskLedger {
  readonly #limits: CheckpointLimits
  readonly #fenceOf: (workflowId: string) => number | undefined
  readonly #counters: StoreCounters
  readonly #redo: RedoLog
  readonly #journal: TaskJournal
  readonly #lanes: LaneRegister
  readonly #tasks: TaskTable
  readonly #writer: TaskWriter
  readonly #unwritten = new UnwrittenTasks()

  /**
   * Throws `unavailable` where the file is damaged.
   * @param fenceOf the fence of a workflow, by which submits of its steps are guarded
   */
  constructor(
    db: DatabaseSync,
    limits: Partial<CheckpointLimits> = {},
    fenceOf: (workflowId: string) => number | undefined = () => undefined,
  ) {
    this.#limits = { ...LIMITS, ...limits }
    this.#fenceOf = fenceOf
    this.#counters = new StoreCounters(db)
    this.#redo = new RedoLog(db)
    this.#journal = new TaskJournal(db)
    this.#lanes = new LaneRegister(db)
    this.#tasks = new TaskTable(db, head => this.#laneOf(head))
    this.#writer = new TaskWriter(db, this.#tasks, this.#lanes)
    this.#repeat()
  }

  get counts(): Record<TaskState, number> {
    return this.#counters.byState
  }

  get bodies(): TaskBodies {
    return this.#writer.bodies
  }

  get times(): CreationTimes {
    return this.#writer.times
  }

  /** Changes are in memory that reads of the tables would miss. */
  get hasUnwritten(): boolean {
    return this.#unwritten.size > 0
  }

  /**
   * Decides the commands in order and keeps what they change; part of a transaction.
   * @param text the commands by `commandsToText`
   */
  apply(commands: readonly Command[], text: string): Reply[] {
    const { seq, made } = this.#counters
    const refused: number[] = []
    const replies = commands.map((command, index) => {
      const reply = this.#decide(command)
      if (!reply.changed) refused.push(index)
      return reply
    })
    if (refused.length === commands.length) return replies
    if (text.length > LOGGED_CHARS) this.checkpoint()
    else {
      this.#redo.append({ seq, made }, text, refused)
      const beyond = this.#unwritten.size - this.#limits.unwritten
      if (this.#redo.isLong) this.checkpoint()
      else if (beyond > 0) this.#checkpoint(Math.max(beyond, this.#limits.perCheckpoint))
    }
    return replies
  }

  /** Writes all changes into the tables, so that reads of them see everything; part of a transaction. */
  checkpoint(): void {
    this.#checkpoint(Number.POSITIVE_INFINITY)
  }

  head(taskId: string): TaskHead | undefined {
    return this.#find(taskId)?.head
  }

  /** A task without its params. */
  result(taskId: string): { head: TaskHead; result?: Body } | undefined {
    const row = this.#find(taskId)
    if (row === undefined) return undefined
    const result = this.#unwritten.get(taskId)?.result ?? this.bodies.resultOf(row.n)
    return { head: row.head, ...(result === undefined ? {} : { result }) }
  }

  stored(taskId: string): StoredTask | undefined {
    const row = this.#find(taskId)
    const found = this.result(taskId)
    if (row === undefined || found === undefined) return undefined
    const oldest = row.head.attempts[0]?.fence ?? 0
    const logs = new Map(this.bodies.logsOf(row.n).map(each => [each.fence, each]))
    for (const each of this.#unwritten.get(taskId)?.logs ?? []) logs.set(each.fence, each)
    return {
      ...found,
      params: this.#paramsOf(row),
      logs: [...logs.values()].filter(({ fence }) => fence >= oldest).sort((a, b) => a.fence - b.fence),
    }
  }

  lanes(): { lane: string; waiting: number }[] {
    return this.#lanes.waiting()
  }

  waiting(lane: string, after: number, limit: number): WaitingTask[] {
    const entry = this.#lanes.find(lane)
    if (entry === undefined) return []
    const unwritten = this.#unwritten.waitingIn(entry, after)
    const written = this.#tasks.waiting(
      entry,
      after,
      limit,
      taskId => this.#unwritten.get(taskId) === undefined,
    )
    if (unwritten.length === 0) return written
    return [...written, ...unwritten].sort((a, b) => a.order - b.order).slice(0, limit)
  }

  openByKey(principal: string, prefix: string, after: string, limit: number): KeyedTask[] {
    const unwritten = this.#unwritten.openByKey(principal, prefix, after)
    const isCurrent = (taskId: string) => this.#unwritten.get(taskId) === undefined
    const written = this.#tasks.openByKey({ principal, prefix, after, limit }, isCurrent)
    return [...written, ...unwritten].sort((a, b) => (a.key < b.key ? -1 : 1)).slice(0, limit)
  }

  events(after: number, limit: number): EventPage {
    return this.#journal.read(after, limit, this.#counters.seq)
  }

  /** Part of a transaction. */
  prune(endedBefore: number, max: number): { tasks: number; blobs: string[] } {
    // What is forgotten must not come back from the log.
    this.checkpoint()
    const { states, blobs } = this.#writer.drop(endedBefore, max)
    for (const state of states) this.#counters.add(state, -1)
    this.#journal.prune(endedBefore)
    this.#counters.write()
    return { tasks: states.length, blobs }
  }

  #decide(command: Command): Reply {
    const refused = command.kind === 'submit' ? this.#refusedSubmit(command) : undefined
    if (refused !== undefined) return refused
    const row = this.#find(command.task_id)
    const decision = decide(row?.head, command)
    if ('refusal' in decision) {
      const state = row === undefined ? {} : { state: row.head.state }
      return { changed: false, task_id: command.task_id, refusal: decision.refusal, ...state }
    }
    const counters = this.#counters
    if (row === undefined) counters.made += 1
    counters.seq += 1
    decision.task.seq = counters.seq
    return this.#change(command, row, decision.task, row?.n ?? counters.made, this.#redo.next)
  }

  /** What of a submit no task of its own decides. */
  #refusedSubmit({ task_id, task, guard }: CommandMap['submit']): Refused | undefined {
    if (guard !== undefined && this.#fenceOf(guard.workflow_id) !== guard.fence)
      return { changed: false, task_id, refusal: 'stale_fence' }
    const holder = this.#holderOf(task)
    if (holder === undefined) return undefined
    const refusal = holder.request_cid === task.request_cid ? 'duplicate' : 'conflict'
    return { changed: false, task_id: holder.task_id, refusal, state: holder.state }
  }

  #change(command: Command, row: TaskRow | undefined, head: TaskHead, n: number, since: number): Changed {
    if (row !== undefined) this.#counters.add(row.head.state, -1)
    this.#counters.add(head.state, 1)
    const reply = this.#place(command, row, head, n, since)
    this.#journal.add(reply)
    return reply
  }

  /** Puts what a command made of its task in the place of what it was. */
  #place(command: Command, row: TaskRow | undefined, head: TaskHead, n: number, since: number): Changed {
    const waitsIn = waitingLane(head)
    const waitedIn = row?.lane
    if (waitedIn !== undefined) this.#lanes.leave(waitedIn)
    const lane = waitsIn === undefined ? undefined : this.#lanes.enter(waitsIn)
    const before = this.#unwritten.get(head.task_id)
    const task: UnwrittenTask = before ?? {
      n,
      head,
      lane,
      since,
      isNew: row === undefined,
      isRewritten: false,
    }
    task.head = head
    task.lane = lane
    if (before === undefined) {
      if (command.kind === 'submit') task.params = command.params
      else if (row?.params !== undefined) task.params = row.params
      this.#unwritten.add(task)
    }
    if (command.kind === 'update') task.isRewritten = true
    if (command.kind === 'settle' && command.outcome.state === 'succeeded')
      task.result = command.outcome.result
    if ((command.kind === 'settle' || command.kind === 'release') && command.logs !== undefined) {
      task.logs ??= []
      task.logs.push({ fence: command.fence, lines: command.logs })
    }
    return changedReply(command, head, {
      order: n,
      waitedIn: waitedIn?.key,
      waitsIn,
      params: command.kind === 'lease' ? this.#paramsOf(task) : undefined,
    })
  }

  /** Repeats from the log what the tables do not have. */
  #repeat(): void {
    const known = this.#counters.seq
    for (const { id, seq, made, commands } of this.#redo.entries()) {
      const place: LogPlace = { seq, made }
      for (const command of commands) {
        place.seq += 1
        if (command.kind === 'submit') place.made += 1
        const row = this.#find(command.task_id)
        if (row !== undefined && row.head.seq >= place.seq) continue
        const decision = decide(row?.head, command)
        if ('refusal' in decision)
          throw new StoreUnavailableError(`a change of ${command.task_id} in its log cannot be repeated`)
        decision.task.seq = place.seq
        const n = row?.n ?? place.made
        if (place.seq <= known) this.#place(command, row, decision.task, n, id)
        else this.#change(command, row, decision.task, n, id)
      }
      this.#counters.seq = Math.max(this.#counters.seq, place.seq)
      this.#counters.made = Math.max(this.#counters.made, place.made)
    }
  }

  /** Writes the oldest changes into the tables and shortens the log. */
  #checkpoint(most: number): void {
    const isSweep = this.#lanes.isCrowded
    this.#writer.write(this.#unwritten.take(isSweep ? Number.POSITIVE_INFINITY : most))
    this.#journal.write()
    if (isSweep) this.#lanes.sweep()
    this.#counters.write()
    this.#redo.dropBefore(this.#unwritten.since ?? this.#redo.next)
  }

  #find(taskId: string): TaskRow | undefined {
    return this.#unwritten.get(taskId) ?? this.#tasks.find(taskId)
  }

  /** The task that has the idempotency key of this one. */
  #holderOf({ principal, idempotency_key }: CommandMap['submit']['task']): TaskHead | undefined {
    if (idempotency_key === undefined) return undefined
    const unwritten = this.#unwritten.holderOf(principal, idempotency_key)
    if (unwritten !== undefined) return unwritten.head
    const written = this.#tasks.holderOf(principal, idempotency_key)
    return written === undefined ? undefined : (this.#unwritten.get(written.task_id)?.head ?? written)
  }

  #paramsOf(row: TaskRow): Body {
    return row.params ?? this.bodies.paramsOf(row.n)
  }

  #laneOf(head: TaskHead) {
    const key = waitingLane(head)
    return key === undefined ? undefined : this.#lanes.find(key)
  }
}
