import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { z } from 'zod'
import { StoreUnavailableError } from '../../../shared/queue/errors.ts'
import { changedReply } from '../../../shared/queue/states/changed-reply.ts'
import type { Body, Changed, Command, CommandMap, Reply } from '../../../shared/queue/states/commands.ts'
import { waitingLane } from '../../../shared/queue/states/lane.ts'
import { decide } from '../../../shared/queue/states/states.ts'
import type { EventPage, StoredTask, WaitingTask } from '../../../shared/queue/store/store.ts'
import { TASK_STATES, type TaskHead, type TaskState } from '../../../shared/queue/task.ts'
import { CreationTimes } from './creation-times.ts'
import { LaneRegister } from './lane-register.ts'
import { type LogPlace, RedoLog } from './redo-log.ts'
import { STATE_CODES } from './stored-task.ts'
import { TaskBodies } from './task-bodies.ts'
import { TaskJournal } from './task-journal.ts'
import { TaskLabels } from './task-labels.ts'
import { type TaskRow, TaskTable } from './task-table.ts'
import { type UnwrittenTask, UnwrittenTasks } from './unwritten-tasks.ts'

const Counters = z.object({ seq: z.int(), made: z.int(), by_state: z.string() })
const ByState = z.array(z.int()).length(TASK_STATES.length)
const Ended = z.object({ n: z.int(), state: z.int() })

/** When changes are written into the tables. */
export interface CheckpointLimits {
  /** Tasks with changes that may be kept in memory. Most have ended when it is their turn, and are written once. */
  unwritten: number
  /** Tasks that one checkpoint writes: more lie closer together, fewer hold up the next commit less. */
  perCheckpoint: number
}

const LIMITS: CheckpointLimits = { unwritten: 1_024, perCheckpoint: 256 }

/** Beyond so many times the limit a commit does not go on without a checkpoint. */
const OVERDUE = 4

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
  readonly bodies: TaskBodies
  readonly times: CreationTimes
  readonly #limits: CheckpointLimits
  readonly #redo: RedoLog
  readonly #unwritten = new UnwrittenTasks()
  readonly #tasks: TaskTable
  readonly #lanes: LaneRegister
  readonly #labels: TaskLabels
  readonly #journal: TaskJournal
  readonly #statements: ReturnType<typeof prepareStatements>
  #seq: number
  #made: number
  #byState: number[]

  /** Throws `unavailable` where the file is damaged. */
  constructor(db: DatabaseSync, limits: Partial<CheckpointLimits> = {}) {
    this.#limits = { ...LIMITS, ...limits }
    this.#statements = prepareStatements(db)
    this.bodies = new TaskBodies(db)
    this.times = new CreationTimes(db)
    this.#redo = new RedoLog(db)
    this.#lanes = new LaneRegister(db)
    this.#tasks = new TaskTable(db, head => this.#laneOf(head))
    this.#labels = new TaskLabels(db)
    this.#journal = new TaskJournal(db)
    const { seq, made, by_state } = Counters.parse(this.#statements.readCounters.get())
    this.#seq = seq
    this.#made = made
    this.#byState = ByState.parse(JSON.parse(by_state))
    this.#repeat()
  }

  get counts(): Record<TaskState, number> {
    const of = (state: TaskState) => this.#byState[STATE_CODES[state]] ?? 0
    return {
      scheduled: of('scheduled'),
      queued: of('queued'),
      running: of('running'),
      succeeded: of('succeeded'),
      failed: of('failed'),
      cancelled: of('cancelled'),
      expired: of('expired'),
    }
  }

  /** Changes are in memory that reads of the tables would miss. */
  get hasUnwritten(): boolean {
    return this.#unwritten.size > 0
  }

  /** Enough has changed for a checkpoint to be worth its transaction. */
  get isCheckpointDue(): boolean {
    return this.#unwritten.size > this.#limits.unwritten || this.#redo.isLong
  }

  /**
   * Decides the commands in order and keeps what they change; part of a transaction.
   * @param text the commands by `commandsToText`
   */
  apply(commands: readonly Command[], text: string): Reply[] {
    const place = { seq: this.#seq, made: this.#made }
    const refused: number[] = []
    const replies = commands.map((command, index) => {
      const reply = this.#decide(command)
      if (!reply.changed) refused.push(index)
      return reply
    })
    if (refused.length === commands.length) return replies
    const isOverdue = this.#unwritten.size > OVERDUE * this.#limits.unwritten
    if (text.length > LOGGED_CHARS || isOverdue) this.checkpoint()
    else this.#redo.append(place, text, refused)
    return replies
  }

  /** Writes the oldest changes into the tables and shortens the log; part of a transaction. */
  checkpointSome(): void {
    this.#checkpoint(this.#redo.isLong ? Number.POSITIVE_INFINITY : this.#limits.perCheckpoint)
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

  events(after: number, limit: number): EventPage {
    return this.#journal.read(after, limit, this.#seq)
  }

  /** Part of a transaction. */
  prune(endedBefore: number, max: number): { tasks: number; blobs: string[] } {
    // What is forgotten must not come back from the log.
    this.checkpoint()
    const ended = this.#statements.readEnded.all({ before: endedBefore, max }).map(row => Ended.parse(row))
    const numbers = JSON.stringify(ended.map(({ n }) => n))
    this.#statements.dropTasks.run(numbers)
    this.#labels.drop(numbers)
    const blobs = this.bodies.drop(numbers)
    for (const { state } of ended) this.#byState[state] = (this.#byState[state] ?? 0) - 1
    this.times.prune()
    this.#journal.prune(endedBefore)
    this.#writeCounters()
    return { tasks: ended.length, blobs }
  }

  #decide(command: Command): Reply {
    const holder = command.kind === 'submit' ? this.#holderOf(command.task) : undefined
    if (holder !== undefined && command.kind === 'submit') {
      const { task_id, state, request_cid } = holder
      const refusal = request_cid === command.task.request_cid ? 'duplicate' : 'conflict'
      return { changed: false, task_id, refusal, state }
    }
    const row = this.#find(command.task_id)
    const decision = decide(row?.head, command)
    if ('refusal' in decision) {
      const state = row === undefined ? {} : { state: row.head.state }
      return { changed: false, task_id: command.task_id, refusal: decision.refusal, ...state }
    }
    if (row === undefined) this.#made += 1
    this.#seq += 1
    decision.task.seq = this.#seq
    return this.#change(command, row, decision.task, row?.n ?? this.#made, this.#redo.next)
  }

  #change(command: Command, row: TaskRow | undefined, head: TaskHead, n: number, since: number): Changed {
    if (row !== undefined) this.#count(row.head.state, -1)
    this.#count(head.state, 1)
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
    const known = this.#seq
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
      this.#seq = Math.max(this.#seq, place.seq)
      this.#made = Math.max(this.#made, place.made)
    }
  }

  #checkpoint(most: number): void {
    const isSweep = this.#lanes.isCrowded
    for (const task of this.#unwritten.take(isSweep ? Number.POSITIVE_INFINITY : most)) this.#write(task)
    this.#journal.write()
    this.times.write()
    if (isSweep) this.#lanes.sweep()
    this.#writeCounters()
    this.#redo.dropBefore(this.#unwritten.since ?? this.#redo.next)
  }

  #write(task: UnwrittenTask): void {
    const { n, head, lane, params, result, logs = [] } = task
    if (lane !== undefined) this.#lanes.write(lane)
    const laneId = lane?.id ?? null
    if (task.isNew) {
      this.#tasks.insert(task, laneId, this.bodies.putParams(n, params ?? ''))
      this.#labels.insert(n, head.labels)
      this.times.note(n, head.created_at)
    } else {
      this.#tasks.update(task, laneId)
      if (task.isRewritten) {
        this.#tasks.rewriteSpec(task)
        this.#labels.replace(n, head.labels)
      }
    }
    if (result !== undefined) this.bodies.putResult(n, result)
    for (const { fence, lines } of logs) this.bodies.putLogs(n, fence, lines, head)
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

  #count(state: TaskState, by: 1 | -1): void {
    const code = STATE_CODES[state]
    this.#byState[code] = (this.#byState[code] ?? 0) + by
  }

  #writeCounters(): void {
    this.#statements.writeCounters.run(this.#seq, this.#made, JSON.stringify(this.#byState))
  }
}

function prepareStatements(
  db: DatabaseSync,
): Record<'readCounters' | 'writeCounters' | 'readEnded' | 'dropTasks', StatementSync> {
  const { succeeded, failed, cancelled, expired } = STATE_CODES
  const endedOn = [succeeded, failed, cancelled, expired].map(
    shelf => `SELECT * FROM (SELECT n, state, ended_at FROM tasks WHERE shelf = ${shelf} AND ended_at < :before
      ORDER BY ended_at LIMIT :max)`,
  )
  return {
    readCounters: db.prepare('SELECT seq, made, by_state FROM counters'),
    writeCounters: db.prepare('UPDATE counters SET seq = ?, made = ?, by_state = ?'),
    readEnded: db.prepare(`${endedOn.join(' UNION ALL ')} ORDER BY ended_at LIMIT :max`),
    dropTasks: db.prepare('DELETE FROM tasks WHERE n IN (SELECT value FROM json_each(?))'),
  }
}
