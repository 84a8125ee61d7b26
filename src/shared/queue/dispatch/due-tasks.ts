import type { Clock } from '../../clock.ts'
import type { Logger } from '../../logger.ts'
import type { Alarm, AlarmClock } from '../alarm-clock.ts'
import { MinHeap } from '../min-heap.ts'
import type { DueTask } from '../store/store.ts'

interface Entry extends DueTask {
  place: number
}

type Place = Pick<DueTask, 'due_at' | 'order'>

export interface DueTasksInit {
  /** The store's `due`. */
  page: (after: Place | undefined, limit: number) => Promise<DueTask[]>
  clock: Clock
  alarms: AlarmClock
  /** Commits that a task's time has come; resolves when that was followed. */
  onDue: (taskId: string) => Promise<unknown>
  logger: Logger
  /** Tasks held in memory at most, 2 or more; default 4,096. */
  window?: number
}

const WINDOW = 4_096

/** Longest sleep, milliseconds: the wall clock may be set meanwhile, and what is due is due by that one. */
const LOOK_AGAIN_MS = 60_000

/** Until a page of the store that could not be read is asked for again, milliseconds. */
const READ_AGAIN_MS = 5_000

const FIRST: Place = { due_at: Number.NEGATIVE_INFINITY, order: 0 }
const LAST: Place = { due_at: Number.POSITIVE_INFINITY, order: 0 }

/**
 * What time will change: starts, retries, limits. The soonest are held here, over one alarm; those behind the
 * horizon are left to the store, however many they are, and read when the window has run low.
 */
export class DueTasks {
  readonly #init: DueTasksInit
  readonly #window: number
  readonly #entries = new Map<string, Entry>()
  readonly #soonest = new MinHeap<Entry>(isBefore)
  /** Everything due up to here is in the window. */
  #horizon: Place = FIRST
  #alarm: Alarm | undefined
  /** Tasks that changed while a page is being read, which knows them as they were. */
  #changed: Set<string> | undefined
  /** Commits that are under way. */
  #ringing = 0

  constructor(init: DueTasksInit) {
    this.#init = init
    this.#window = init.window ?? WINDOW
  }

  /** Reads the first page; call it once. Rejects when the store cannot be read. */
  async start(): Promise<void> {
    await this.#read()
    this.#plan()
  }

  /** A task was changed; `dueAt` (epoch ms) is when time will change it next, undefined for never. */
  set(taskId: string, order: number, dueAt: number | undefined): void {
    this.#changed?.add(taskId)
    const known = this.#entries.get(taskId)
    if (known?.due_at === dueAt) return
    if (known !== undefined) this.#remove(known)
    if (dueAt === undefined) {
      if (known !== undefined) this.#plan()
      return
    }
    const entry = { task_id: taskId, due_at: dueAt, order, place: -1 }
    // What a page under way will show is not known yet, so nothing is left to it.
    if (this.#changed === undefined && isBefore(this.#horizon, entry)) return
    this.#add(entry)
    this.#shrink()
    this.#plan()
  }

  #add(entry: Entry): void {
    this.#entries.set(entry.task_id, entry)
    this.#soonest.push(entry)
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry.task_id)
    this.#soonest.remove(entry)
  }

  /** Leaves the later half of a window that is too full to the store; not while the next page is on its way. */
  #shrink(): void {
    if (this.#entries.size <= this.#window || this.#changed !== undefined) return
    const sorted = [...this.#entries.values()].sort((a, b) => (isBefore(a, b) ? -1 : 1))
    const kept = Math.ceil(this.#window / 2)
    for (const entry of sorted.slice(kept)) this.#remove(entry)
    this.#horizon = sorted[kept - 1] ?? FIRST
  }

  #plan(): void {
    const { alarms, clock } = this.#init
    alarms.off(this.#alarm)
    this.#alarm = undefined
    const first = this.#soonest.peek()
    if (first !== undefined) {
      const ms = Math.min(first.due_at - clock.now(), LOOK_AGAIN_MS)
      this.#alarm = alarms.in(ms, () => this.#ring())
    }
    if (this.#isLow) void this.#refill()
  }

  get #isLow(): boolean {
    return this.#horizon !== LAST && this.#changed === undefined && this.#soonest.size < this.#window / 4
  }

  #ring(): void {
    const now = this.#init.clock.now()
    for (;;) {
      const first = this.#soonest.peek()
      if (first === undefined || first.due_at > now) break
      this.#remove(first)
      this.#ringing += 1
      void this.#init.onDue(first.task_id).finally(() => {
        this.#ringing -= 1
        if (this.#ringing === 0) this.#plan()
      })
    }
    this.#plan()
  }

  /** Not before what was due has been followed: what the store is slow to take must not pile up here. */
  async #refill(): Promise<void> {
    if (this.#ringing > 0) return
    try {
      await this.#read()
      this.#plan()
    } catch (error) {
      this.#init.logger('warning', 'the times of tasks could not be read; trying again', {
        error: String(error),
      })
      this.#alarm ??= this.#init.alarms.in(READ_AGAIN_MS, () => this.#ring())
    }
  }

  async #read(): Promise<void> {
    const limit = Math.ceil(this.#window / 2)
    const changed = new Set<string>()
    this.#changed = changed
    try {
      const after = this.#horizon === FIRST ? undefined : this.#horizon
      const page = await this.#init.page(after, limit)
      for (const task of page) {
        if (changed.has(task.task_id) || this.#entries.has(task.task_id)) continue
        this.#add({ ...task, place: -1 })
      }
      const last = page.at(-1)
      this.#horizon = page.length < limit || last === undefined ? LAST : last
    } finally {
      this.#changed = undefined
    }
    this.#shrink()
  }
}

function isBefore(a: Place, b: Place): boolean {
  return a.due_at === b.due_at ? a.order < b.order : a.due_at < b.due_at
}
