import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { z } from 'zod'
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
import type { WaitingTask } from '../../../shared/queue/store/store.ts'
import { TASK_STATES, type TaskHead, type TaskState } from '../../../shared/queue/task.ts'
import { CreationTimes } from './creation-times.ts'
import { LaneRegister } from './lane-register.ts'
import { STATE_CODES } from './stored-task.ts'
import { TaskBodies } from './task-bodies.ts'
import { TaskJournal } from './task-journal.ts'
import { TaskLabels } from './task-labels.ts'
import { type TaskRow, TaskTable } from './task-table.ts'

const Counters = z.object({ seq: z.int(), made: z.int(), by_state: z.string() })
const ByState = z.array(z.int()).length(TASK_STATES.length)
const Ended = z.object({ n: z.int(), state: z.int() })

/**
 * What commands change, with all that is kept in memory of it: counters, lanes and the tasks at hand. After a
 * transaction that was not kept it is thrown away, and the next one is read from the file.
 */
export class TaskLedger {
  readonly bodies: TaskBodies
  readonly times: CreationTimes
  readonly #tasks: TaskTable
  readonly #lanes: LaneRegister
  readonly #labels: TaskLabels
  readonly #journal: TaskJournal
  readonly #statements: ReturnType<typeof prepareStatements>
  #changed: Changed[] = []
  #seq: number
  #made: number
  #byState: number[]

  constructor(db: DatabaseSync) {
    this.#statements = prepareStatements(db)
    this.bodies = new TaskBodies(db)
    this.times = new CreationTimes(db)
    this.#lanes = new LaneRegister(db)
    this.#tasks = new TaskTable(db, head => this.#laneOf(head))
    this.#labels = new TaskLabels(db)
    this.#journal = new TaskJournal(db)
    const { seq, made, by_state } = Counters.parse(this.#statements.readCounters.get())
    this.#seq = seq
    this.#made = made
    this.#byState = ByState.parse(JSON.parse(by_state))
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

  /** Decides one command and writes what it changes; part of a transaction that ends with `finish`. */
  apply(command: Command): Reply {
    if (command.kind === 'submit') {
      const refused = this.#refusedByKey(command)
      if (refused !== undefined) return refused
    }
    const row = this.#tasks.find(command.task_id)
    const decision = decide(row?.head, command)
    if ('refusal' in decision) {
      const state = row === undefined ? {} : { state: row.head.state }
      return { changed: false, task_id: command.task_id, refusal: decision.refusal, ...state }
    }
    const head = decision.task
    this.#seq += 1
    head.seq = this.#seq
    const waitsIn = waitingLane(head)
    this.#count(head.state, 1)
    if (row !== undefined) this.#change(row, head, waitsIn, command)
    else if (command.kind === 'submit') this.#insert(head, waitsIn, command.params)
    const reply = changedReply(command, head, {
      order: row?.n ?? this.#made,
      waitedIn: row?.lane?.key,
      waitsIn,
      params: command.kind === 'lease' && row !== undefined ? this.#paramsOf(row) : undefined,
    })
    this.#changed.push(reply)
    return reply
  }

  /** The last of a transaction. */
  finish(): void {
    if (this.#changed.length === 0) return
    this.#journal.write(this.#changed)
    this.#changed = []
    this.times.write()
    this.#lanes.sweep()
    this.#writeCounters()
  }

  lanes(): { lane: string; waiting: number }[] {
    return this.#lanes.waiting()
  }

  waiting(lane: string, after: number, limit: number): WaitingTask[] {
    const entry = this.#lanes.find(lane)
    return entry === undefined ? [] : this.#tasks.waiting(entry, after, limit)
  }

  events(after: number, limit: number) {
    return this.#journal.read(after, limit, this.#seq)
  }

  /** Part of a transaction. */
  prune(endedBefore: number, max: number): { tasks: number; blobs: string[] } {
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

  #refusedByKey({ task }: CommandMap['submit']): Refused | undefined {
    const { principal, idempotency_key } = task
    if (idempotency_key === undefined) return undefined
    const holder = this.#tasks.holderOf(principal, idempotency_key)
    if (holder === undefined) return undefined
    const { task_id, state, request_cid } = holder
    return {
      changed: false,
      task_id,
      refusal: request_cid === task.request_cid ? 'duplicate' : 'conflict',
      state,
    }
  }

  #insert(head: TaskHead, waitsIn: string | undefined, params: Body): void {
    this.#made += 1
    const n = this.#made
    const lane = waitsIn === undefined ? undefined : this.#lanes.enter(waitsIn)
    this.#tasks.insert({ n, head, lane }, this.bodies.putParams(n, params))
    this.#labels.insert(n, head.labels)
    this.times.note(n, head.created_at)
  }

  #change(row: TaskRow, head: TaskHead, waitsIn: string | undefined, command: Command): void {
    this.#count(row.head.state, -1)
    if (row.lane !== undefined) this.#lanes.leave(row.lane)
    const lane = waitsIn === undefined ? undefined : this.#lanes.enter(waitsIn)
    this.#tasks.update(row, head, lane)
    if (command.kind === 'settle' || command.kind === 'release') {
      if (command.logs !== undefined) this.bodies.putLogs(row.n, command.fence, command.logs, head)
    }
    if (command.kind === 'settle' && command.outcome.state === 'succeeded') {
      this.bodies.putResult(row.n, command.outcome.result)
    }
    if (command.kind === 'update') {
      this.#tasks.rewriteSpec(row, head)
      if (command.changes.labels !== undefined) this.#labels.replace(row.n, head.labels)
    }
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
