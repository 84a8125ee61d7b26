import type { Clock } from '../clock.ts'
import { factsOf, ToolmeshError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { CronTimes } from './cron-times.ts'
import { QueueClosedError, ScheduleLimitError, ScheduleNotFoundError } from './errors.ts'
import type { SubmitReceipt } from './submission.ts'
import {
  type KeptEntry,
  type KeptSchedule,
  type Progress,
  ScheduleRecords,
  scheduleKey,
} from './schedule-records.ts'
import {
  type LastTick,
  parseScheduleSpec,
  type Schedule,
  type ScheduleSpec,
  taskOf,
} from './schedule-spec.ts'
import type { QueueStore } from './store.ts'
import { type TaskRequest, type TaskState, TERMINAL_STATES } from './task.ts'

export interface SchedulesInit {
  /**
   * Submits a task once for a key, which no client can use; again with the same key gives the same task. Rejects when
   * it may be tried again.
   */
  submit: (principal: string, request: TaskRequest, key: string) => Promise<SubmitReceipt>
  /** Throws what such a submit would refuse. */
  check: (principal: string, request: TaskRequest) => void
  /** State of a task, undefined when it is not there (any more). */
  stateOf: (taskId: string) => Promise<TaskState | undefined>
  store: Pick<QueueStore, 'records' | 'putRecord'>
  clock: Clock
  logger: Logger
  limits?: Partial<ScheduleLimits>
}

export interface ScheduleLimits {
  /** In all. Default 1,000. */
  schedules: number
  /** Of one principal. Default 100. */
  perPrincipal: number
}

const DEFAULT_LIMITS: ScheduleLimits = { schedules: 1_000, perPrincipal: 100 }
/**
 * Longest sleep. Timers follow a clock of their own, so a change of the wall clock (a suspended machine, NTP, a
 * person) is seen only on waking; nothing wakes while there is no schedule.
 */
const LOOK_EVERY_MS = 60_000
/** A tick that is later than this was missed; up to it, it only came late. */
const MISSED_AFTER_MS = 60_000
/** Between tries of what the queue could not take. */
const RETRY_MS = 5_000
/** Characters of an error that are kept. */
const ERROR_CHARS = 500

interface Entry extends KeptEntry {
  times: CronTimes
  /** Epoch milliseconds. */
  next: number | undefined
  /** Not to be tried before, on the monotonic scale. */
  retryAt: number
}

/**
 * Submits tasks by cron expressions. A tick is a submit with a key of its own (schedule and time), so one that was
 * submitted and, in a crash, not recorded is found again, not made twice. What is late is one tick, the latest:
 * ticks that pass while it waits are not made up one by one.
 */
export class Schedules {
  readonly #init: SchedulesInit
  readonly #limits: ScheduleLimits
  readonly #records: ScheduleRecords
  readonly #entries = new Map<string, Entry>()
  #open = false
  #stopTimer = () => {}
  #waking: Promise<void> | undefined
  #lastChange: Promise<unknown> = Promise.resolve()
  #unsaved = false

  constructor(init: SchedulesInit) {
    this.#init = init
    this.#limits = { ...DEFAULT_LIMITS, ...init.limits }
    this.#records = new ScheduleRecords(init.store, init.logger)
  }

  /** Reads what is kept and begins; call it once, when the queue takes tasks. */
  async start(): Promise<void> {
    for (const kept of await this.#records.load()) this.#recover(kept)
    this.#open = true
    this.#arm()
  }

  /** Ends all activity; a tick under way is over then. */
  async close(): Promise<void> {
    this.#open = false
    this.#stopTimer()
    await Promise.allSettled([this.#waking, this.#lastChange])
  }

  /**
   * Makes a schedule, or puts it in the place of the principal's one of that name; resolves when it is durable.
   * Ticks from before do not count, unless the times are the same as they were. Throws `invalid_input`, `conflict`
   * (too many), `unavailable`.
   */
  async set(principal: string, given: ScheduleSpec): Promise<Schedule> {
    const spec = parseScheduleSpec(given)
    const times = new CronTimes(spec.cron, spec.timezone)
    this.#check(principal, taskOf(spec))
    return this.#inTurn(async () => {
      const key = scheduleKey(principal, spec.name)
      const before = this.#entries.get(key)
      if (before === undefined) this.#ensureRoom(principal)
      const now = this.#init.clock.now()
      const schedule: KeptSchedule = {
        ...spec,
        principal,
        created_at: before?.schedule.created_at ?? now,
        set_at: Math.max(now, (before?.schedule.set_at ?? 0) + 1),
      }
      const goesOn = before !== undefined && sameTimes(before.schedule, spec) && before.progress.after <= now
      // Asked for again after the write, as a tick may have come meanwhile.
      const progress = () => ({ ...(before?.progress ?? startedAt(now)), ...(goesOn ? {} : { after: now }) })
      await this.#records.put({ schedule, progress: progress() })
      const entry: Entry = before ?? { schedule, progress: progress(), times, next: undefined, retryAt: 0 }
      entry.progress = progress()
      entry.schedule = schedule
      entry.times = times
      entry.retryAt = 0
      this.#entries.set(key, entry)
      plan(entry)
      this.#arm()
      return viewOf(entry)
    })
  }

  /** Ends a schedule; tasks that it submitted stay. Throws `not_found`, `unavailable`. */
  async remove(principal: string, name: string): Promise<void> {
    return this.#inTurn(async () => {
      const key = scheduleKey(principal, name)
      if (!this.#entries.has(key)) throw new ScheduleNotFoundError(name)
      await this.#records.remove(key)
      this.#entries.delete(key)
      this.#arm()
    })
  }

  list(): Schedule[] {
    return [...this.#entries.values()].map(viewOf)
  }

  /** The queue takes tasks again: what waits for that is tried at once. */
  resume(): void {
    for (const entry of this.#entries.values()) entry.retryAt = 0
    this.#arm()
  }

  #recover({ schedule, progress }: KeptEntry): void {
    try {
      const times = new CronTimes(schedule.cron, schedule.timezone)
      const entry: Entry = { schedule, progress, times, next: undefined, retryAt: 0 }
      plan(entry)
      this.#entries.set(scheduleKey(schedule.principal, schedule.name), entry)
    } catch (error) {
      // As after a change of the platform's time zones: it must not keep the others from starting.
      const { principal, name } = schedule
      this.#init.logger('error', 'a schedule cannot be used', { principal, name, error: String(error) })
    }
  }

  /** Sets the timer for the next tick, at most LOOK_EVERY_MS ahead. */
  #arm(): void {
    this.#stopTimer()
    this.#stopTimer = () => {}
    if (!this.#open || this.#waking !== undefined) return
    const { clock } = this.#init
    let wait = this.#unsaved ? RETRY_MS : Number.POSITIVE_INFINITY
    for (const entry of this.#entries.values()) {
      if (entry.next === undefined) continue
      wait = Math.min(wait, Math.max(entry.next - clock.now(), entry.retryAt - clock.monotonic(), 0))
    }
    if (wait === Number.POSITIVE_INFINITY) return
    this.#stopTimer = clock.after(Math.min(wait, LOOK_EVERY_MS), () => {
      this.#waking = this.#wake().finally(() => {
        this.#waking = undefined
        this.#arm()
      })
    })
  }

  async #wake(): Promise<void> {
    const { clock } = this.#init
    const due = [...this.#entries].filter(([, { next, retryAt }]) => {
      return next !== undefined && next <= clock.now() && retryAt <= clock.monotonic()
    })
    const moved = await Promise.all(due.map(([key, entry]) => this.#tick(key, entry)))
    if (!this.#unsaved && !moved.includes(true)) return
    try {
      await this.#records.putProgress(this.#entries)
      this.#unsaved = false
    } catch (error) {
      // What was submitted is known by its key, should this process end before the next try.
      if (!this.#unsaved)
        this.#init.logger('warning', 'the progress of schedules is not kept', { error: String(error) })
      this.#unsaved = true
    }
  }

  /** Handles the latest tick that has come; false when it stays due. */
  async #tick(key: string, entry: Entry): Promise<boolean> {
    const { schedule, progress } = entry
    const at = Math.max(entry.times.latest(this.#init.clock.now()) ?? 0, entry.next ?? 0)
    let last: LastTick
    try {
      last = await this.#handle(schedule, progress, at)
    } catch (error) {
      const { principal, name } = schedule
      if (entry.retryAt === 0) {
        this.#init.logger('warning', 'a tick waits', { principal, name, at, error: String(error) })
      }
      entry.retryAt = this.#init.clock.monotonic() + RETRY_MS
      return false
    }
    if (this.#entries.get(key) !== entry) return false
    // Set anew meanwhile, it goes on from there.
    const after = entry.progress.after === progress.after ? at : entry.progress.after
    entry.progress = advanced(entry.progress, last, after)
    entry.retryAt = 0
    plan(entry)
    return true
  }

  /** What becomes of a tick. Rejects when that can not be said yet. */
  async #handle(schedule: KeptSchedule, { last_task_id }: Progress, at: number): Promise<LastTick> {
    const { submit, clock } = this.#init
    if (schedule.missed === 'skip' && clock.now() - at > MISSED_AFTER_MS) return { at, skipped: 'missed' }
    if (schedule.overlap === 'skip' && (await this.#runs(last_task_id))) return { at, skipped: 'overlap' }
    const receipt = await submit(schedule.principal, taskOf(schedule), tickKey(schedule.name, at))
    if ('task_id' in receipt) return { at, task_id: receipt.task_id }
    const { error } = receipt
    if (error.retryable) throw new ToolmeshError(error.code, error.message)
    const { principal, name } = schedule
    this.#init.logger('warning', 'a tick could not be submitted', { principal, name, at, error })
    return { at, error: { ...error, message: error.message.slice(0, ERROR_CHARS) } }
  }

  async #runs(taskId: string | undefined): Promise<boolean> {
    if (taskId === undefined) return false
    const state = await this.#init.stateOf(taskId)
    return state !== undefined && !TERMINAL_STATES.has(state)
  }

  #check(principal: string, request: TaskRequest): void {
    try {
      this.#init.check(principal, request)
    } catch (error) {
      const { code, message, field, ...facts } = factsOf(error)
      throw new ToolmeshError(
        code,
        message,
        field === undefined ? facts : { ...facts, field: `/task${field}` },
      )
    }
  }

  #ensureRoom(principal: string): void {
    const { schedules, perPrincipal } = this.#limits
    const own = [...this.#entries.values()].filter(entry => entry.schedule.principal === principal).length
    if (own >= perPrincipal) throw new ScheduleLimitError(`${perPrincipal} for each principal`)
    if (this.#entries.size >= schedules) throw new ScheduleLimitError(`${schedules} in all`)
  }

  /** Changes one after another, as each is decided by what the last one left. */
  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#lastChange.then(() => {
      if (!this.#open) throw new QueueClosedError()
      return change()
    })
    this.#lastChange = result.catch(() => {})
    return result
  }
}

function startedAt(after: number): Progress {
  return { after, ticks: 0, skipped: 0 }
}

function sameTimes(before: KeptSchedule, spec: Required<ScheduleSpec>): boolean {
  return before.enabled && before.cron === spec.cron && before.timezone === spec.timezone
}

function plan(entry: Entry): void {
  entry.next = entry.schedule.enabled ? entry.times.next(entry.progress.after) : undefined
}

function advanced(progress: Progress, last: LastTick, after: number): Progress {
  const { task_id } = last
  return {
    ...progress,
    after,
    last,
    ticks: progress.ticks + (task_id === undefined ? 0 : 1),
    skipped: progress.skipped + (last.skipped === undefined ? 0 : 1),
    ...(task_id === undefined ? {} : { last_task_id: task_id }),
  }
}

function tickKey(name: string, at: number): string {
  return `schedule:${name}:${new Date(at).toISOString()}`
}

function viewOf({ schedule: { set_at: _, ...schedule }, progress, next }: Entry): Schedule {
  const { after: __, ...made } = progress
  return { ...schedule, ...made, ...(next === undefined ? {} : { next_at: next }) }
}
