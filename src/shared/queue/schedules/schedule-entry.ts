import type { CronTimes } from './cron-times.ts'
import type { LastTick, Schedule } from './schedule-spec.ts'

/** How far a schedule has come. */
export interface Progress {
  /** The next tick is the first after this, epoch milliseconds. */
  after: number
  /** A tick that is being submitted: after a crash it may have been, or not. */
  pending?: number
  ticks: number
  skipped: number
  last?: LastTick
  last_task_id?: string
  last_workflow_id?: string
}

/** What was asked for. */
export interface KeptSchedule
  extends Omit<Schedule, 'next_at' | 'last' | 'last_task_id' | 'last_workflow_id' | 'ticks' | 'skipped'> {
  /** When it was last set, epoch milliseconds; grows each time, so that it says to which setting a progress belongs. */
  set_at: number
}

/** One schedule and where it stands. */
export class ScheduleEntry {
  #schedule: KeptSchedule
  #times: CronTimes
  #progress: Progress
  #next: number | undefined
  /** Not to be tried before, on the monotonic scale; 0 while nothing went wrong. */
  retryAt = 0

  constructor(schedule: KeptSchedule, times: CronTimes, progress: Progress) {
    this.#schedule = schedule
    this.#times = times
    this.#progress = progress
    this.#plan()
  }

  get schedule(): KeptSchedule {
    return this.#schedule
  }

  get progress(): Progress {
    return this.#progress
  }

  /** When it is due, epoch milliseconds; a pending tick is due at once. */
  get dueAt(): number | undefined {
    return this.#progress.pending ?? this.#next
  }

  /** The latest tick that has come by `now`, when one has. */
  tickAt(now: number): number {
    return Math.max(this.#times.latest(now) ?? 0, this.#next ?? 0)
  }

  /** It is asked for anew; what it has come to so far stays. */
  set(schedule: KeptSchedule, times: CronTimes, progress: Pick<Progress, 'after'>): void {
    this.#schedule = schedule
    this.#times = times
    this.#progress = { ...this.#progress, after: progress.after }
    this.retryAt = 0
    this.#plan()
  }

  begin(at: number): void {
    this.#progress = { ...this.#progress, pending: at }
  }

  /** Its tick could not be handled: it is as if it had not been begun. */
  giveUp(retryAt: number): void {
    const { pending: _, ...progress } = this.#progress
    this.#progress = progress
    this.retryAt = retryAt
  }

  end(last: LastTick): void {
    const { pending: _, ...progress } = this.#progress
    const { at, task_id, workflow_id, skipped } = last
    this.#progress = {
      ...progress,
      // Set anew meanwhile, it goes on from there.
      after: Math.max(at, progress.after),
      last,
      ticks: progress.ticks + (task_id === undefined && workflow_id === undefined ? 0 : 1),
      skipped: progress.skipped + (skipped === undefined ? 0 : 1),
      ...(task_id === undefined ? {} : { last_task_id: task_id }),
      ...(workflow_id === undefined ? {} : { last_workflow_id: workflow_id }),
    }
    this.retryAt = 0
    this.#plan()
  }

  view(): Schedule {
    const { set_at: _set, ...schedule } = this.#schedule
    const { after: _after, pending: _pending, ...made } = this.#progress
    return { ...schedule, ...made, ...(this.#next === undefined ? {} : { next_at: this.#next }) }
  }

  #plan(): void {
    this.#next = this.#schedule.enabled ? this.#times.next(this.#progress.after) : undefined
  }
}
