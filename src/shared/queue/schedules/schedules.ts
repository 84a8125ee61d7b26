import type { Clock } from '../../clock.ts'
import { type ErrorFacts, factsOf, ToolmeshError } from '../../errors.ts'
import type { Logger } from '../../logger.ts'
import { QueueClosedError, ScheduleLimitError, ScheduleNotFoundError } from '../errors.ts'
import type { QueueStore } from '../store/store.ts'
import type { TaskRequest } from '../task.ts'
import { CronTimes } from './cron-times.ts'
import { type KeptSchedule, type Progress, ScheduleEntry } from './schedule-entry.ts'
import { type KeptEntry, ScheduleRecords, scheduleKey } from './schedule-records.ts'
import {
  parseScheduleSpec,
  type Schedule,
  type ScheduledWorkflow,
  type ScheduleSpec,
  type WholeSpec,
  workOf,
} from './schedule-spec.ts'

/** Who takes what schedules submit, of one kind. */
export interface Submitter<R> {
  /**
   * Submits once for a key, which no client can use; again with the same key gives what was made then. Rejects when it
   * may be tried again.
   */
  submit(principal: string, request: R, key: string): Promise<{ id: string } | { error: ErrorFacts }>
  /** Throws what such a submit would refuse, with fields below the request. */
  check(principal: string, request: R): void | Promise<void>
  /** Whether what was submitted has not ended; false where it is not there (any more). */
  runs(id: string): Promise<boolean>
}

export interface SchedulesInit {
  tasks: Submitter<TaskRequest>
  workflows: Submitter<ScheduledWorkflow>
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

/**
 * Submits tasks and workflows by cron expressions. A tick is a submit with a key of its own (schedule and time), written down before:
 * one that a crash cut off is submitted again after the restart, and found if it was made. What is late is one tick,
 * the latest: ticks that pass while it waits are not made up one by one.
 */
export class Schedules {
  readonly #init: SchedulesInit
  readonly #limits: ScheduleLimits
  readonly #records: ScheduleRecords
  readonly #entries = new Map<string, ScheduleEntry>()
  readonly #listeners = new Set<(principals: ReadonlySet<string>) => void>()
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
    await this.#check(principal, spec)
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
      const progress = {
        ...(before?.progress ?? { after: now, ticks: 0, skipped: 0 }),
        ...(goesOn ? {} : { after: now }),
      }
      await this.#records.put({ schedule, progress })
      const entry = before ?? new ScheduleEntry(schedule, times, progress)
      // What goes on may have come further while it was written.
      entry.set(schedule, times, goesOn ? entry.progress : progress)
      this.#entries.set(key, entry)
      this.#arm()
      this.#tell([principal])
      return entry.view()
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
      this.#tell([principal])
    })
  }

  /** Calls `listener` when schedules of these principals were set, removed, or had a tick; the returned function ends it. */
  onChange(listener: (principals: ReadonlySet<string>) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  list(): Schedule[] {
    return [...this.#entries.values()].map(entry => entry.view())
  }

  /** The queue takes tasks again: what waits for that is tried at once. */
  resume(): void {
    for (const entry of this.#entries.values()) entry.retryAt = 0
    this.#arm()
  }

  #recover({ schedule, progress }: KeptEntry): void {
    try {
      const times = new CronTimes(schedule.cron, schedule.timezone)
      const key = scheduleKey(schedule.principal, schedule.name)
      this.#entries.set(key, new ScheduleEntry(schedule, times, progress))
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
    for (const { dueAt, retryAt } of this.#entries.values()) {
      if (dueAt === undefined) continue
      wait = Math.min(wait, Math.max(dueAt - clock.now(), retryAt - clock.monotonic(), 0))
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
    const due = [...this.#entries.values()].filter(({ dueAt, retryAt }) => {
      return dueAt !== undefined && dueAt <= clock.now() && retryAt <= clock.monotonic()
    })
    await Promise.all(due.map(entry => this.#trying(entry, () => this.#begin(entry))))
    const begun = due.filter(entry => entry.progress.pending !== undefined)
    if (begun.length > 0 && !(await this.#save())) {
      for (const entry of begun) entry.giveUp(clock.monotonic() + RETRY_MS)
      return
    }
    await Promise.all(begun.map(entry => this.#trying(entry, () => this.#submit(entry))))
    if (due.length > 0 || this.#unsaved) await this.#save()
    if (due.length > 0) this.#tell(due.map(({ schedule }) => schedule.principal))
  }

  #tell(principals: readonly string[]): void {
    const changed = new Set(principals)
    for (const listener of this.#listeners) listener(changed)
  }

  /** Decides on the latest tick that has come: it is skipped, or to be submitted. */
  async #begin(entry: ScheduleEntry): Promise<void> {
    const { schedule, progress } = entry
    if (progress.pending !== undefined) return
    const now = this.#init.clock.now()
    const at = entry.tickAt(now)
    if (schedule.missed === 'skip' && now - at > MISSED_AFTER_MS) entry.end({ at, skipped: 'missed' })
    else if (schedule.overlap === 'skip' && (await this.#runs(progress))) {
      entry.end({ at, skipped: 'overlap' })
    } else entry.begin(at)
  }

  async #submit(entry: ScheduleEntry): Promise<void> {
    const { schedule, progress } = entry
    const { principal, name } = schedule
    const at = progress.pending
    if (at === undefined) return
    const work = workOf(schedule)
    const { tasks, workflows } = this.#init
    const key = tickKey(name, at)
    const receipt =
      'task' in work
        ? await tasks.submit(principal, work.task, key)
        : await workflows.submit(principal, work.workflow, key)
    if ('id' in receipt)
      return entry.end({ at, ...('task' in work ? { task_id: receipt.id } : { workflow_id: receipt.id }) })
    const { error } = receipt
    if (error.retryable) throw new ToolmeshError(error.code, error.message)
    this.#init.logger('warning', 'a tick could not be submitted', { principal, name, at, error })
    entry.end({ at, error: { ...error, message: error.message.slice(0, ERROR_CHARS) } })
  }

  /** What cannot be done now waits, and is told once. */
  async #trying(entry: ScheduleEntry, attempt: () => Promise<void>): Promise<void> {
    try {
      await attempt()
    } catch (error) {
      const { principal, name } = entry.schedule
      if (entry.retryAt === 0) {
        this.#init.logger('warning', 'a tick waits', { principal, name, error: String(error) })
      }
      entry.giveUp(this.#init.clock.monotonic() + RETRY_MS)
    }
  }

  async #save(): Promise<boolean> {
    try {
      await this.#records.putProgress(this.#entries)
      this.#unsaved = false
    } catch (error) {
      if (!this.#unsaved) {
        this.#init.logger('warning', 'the progress of schedules is not kept', { error: String(error) })
      }
      this.#unsaved = true
    }
    return !this.#unsaved
  }

  async #runs({ last_task_id, last_workflow_id }: Progress): Promise<boolean> {
    const { tasks, workflows } = this.#init
    const runs = await Promise.all([
      last_task_id !== undefined && tasks.runs(last_task_id),
      last_workflow_id !== undefined && workflows.runs(last_workflow_id),
    ])
    return runs.includes(true)
  }

  async #check(principal: string, spec: WholeSpec): Promise<void> {
    const work = workOf(spec)
    if ('workflow' in work) return this.#init.workflows.check(principal, work.workflow)
    try {
      await this.#init.tasks.check(principal, work.task)
    } catch (error) {
      const { code, message, field, ...facts } = factsOf(error)
      if (field === undefined) throw error
      const below = `/task${field}`
      throw new ToolmeshError(code, message.replace(field, below), { ...facts, field: below })
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

function sameTimes(before: KeptSchedule, spec: WholeSpec): boolean {
  return before.enabled && before.cron === spec.cron && before.timezone === spec.timezone
}

function tickKey(name: string, at: number): string {
  return `schedule:${name}:${new Date(at).toISOString()}`
}
