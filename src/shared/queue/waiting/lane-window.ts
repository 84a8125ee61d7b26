import type { WaitingTask } from '../store/store.ts'

/** Tasks that a window holds at most. */
const WINDOW = 512
/** Tasks that a window holds at most while all windows together hold `HELD_AT_MOST`. */
const SMALL_WINDOW = 8
/** Tasks in all windows beyond which windows are small: some 20 MiB. */
const HELD_AT_MOST = 131_072

/** What the windows of all lanes hold together: many lanes make small windows. */
export class WindowBudget {
  readonly #heldAtMost: number
  /** Tasks in memory. */
  held = 0

  constructor(heldAtMost = HELD_AT_MOST) {
    this.#heldAtMost = heldAtMost
  }

  /** Tasks that a window may hold now. */
  get window(): number {
    return this.held < this.#heldAtMost ? WINDOW : SMALL_WINDOW
  }
}

/** A part of a lane to be read from the store. */
export interface LanePage {
  /** Orders above this one. */
  after: number
  limit: number
}

/**
 * The first tasks of a lane, by order. It holds every one that waits up to its horizon; what is behind that is in the
 * store only, and read page by page (`read`, `filled`). While a page is on its way the lane may change: tasks that
 * come behind the horizon are held for the page to be merged with them, tasks that go are left out of the page.
 */
export class LaneWindow {
  readonly #budget: WindowBudget
  /** Ascending by order. Those above the horizon are not to be given out: others may stand before them. */
  readonly #tasks: WaitingTask[] = []
  /** Infinity: all that waits is here. */
  #horizon = Number.POSITIVE_INFINITY
  #reading: { cut: number; left: Set<number>; page: LanePage; most: number } | undefined

  constructor(budget: WindowBudget) {
    this.#budget = budget
  }

  /** The next task, as far as it is known. */
  get head(): WaitingTask | undefined {
    const first = this.#tasks[0]
    return first !== undefined && first.order <= this.#horizon ? first : undefined
  }

  /** Tasks held in memory. */
  get held(): number {
    return this.#tasks.length
  }

  /** There may be more in the store. */
  get beyond(): boolean {
    return this.#horizon !== Number.POSITIVE_INFINITY
  }

  /** A page should be read: the window runs low. */
  get wantsPage(): boolean {
    if (!this.beyond || this.#reading !== undefined) return false
    return this.head === undefined || this.#tasks.length < this.#budget.window / 2
  }

  /** A task waits now. False: it is here already. */
  arrive(task: WaitingTask): boolean {
    this.#reading?.left.delete(task.order)
    if (this.#reading === undefined && task.order > this.#horizon) return true
    // A window that is larger than windows may be now does not shrink for that, or it would be read again soon.
    const most = Math.max(this.#budget.window, this.#tasks.length)
    const isNew = this.#put(task)
    this.#trim(most)
    return isNew
  }

  /** A task waits no longer. False: it was not here, nor can it be behind the horizon. */
  leave(order: number): boolean {
    this.#reading?.left.add(order)
    const at = this.#placeOf(order)
    if (this.#tasks[at]?.order !== order) return order > this.#horizon
    this.#tasks.splice(at, 1)
    this.#budget.held -= 1
    return true
  }

  /** Takes the head out. */
  shift(): WaitingTask | undefined {
    if (this.head === undefined) return undefined
    this.#budget.held -= 1
    return this.#tasks.shift()
  }

  /** Nothing is known of the lane but that tasks wait there. */
  unread(): void {
    this.#horizon = 0
  }

  /** Begins to read; `filled` or `unfilled` follows. */
  read(): LanePage {
    const most = this.#budget.window
    const page = { after: this.#horizon, limit: Math.max(most - this.#tasks.length, 1) }
    this.#reading = { cut: Number.POSITIVE_INFINITY, left: new Set(), page, most }
    return page
  }

  /** The page has come. */
  filled(tasks: readonly WaitingTask[]): void {
    const reading = this.#reading
    if (reading === undefined) return
    for (const task of tasks) if (!reading.left.has(task.order)) this.#put(task)
    this.#trim(reading.most)
    const last = tasks.at(-1)
    const end =
      last !== undefined && tasks.length >= reading.page.limit ? last.order : Number.POSITIVE_INFINITY
    this.#horizon = Math.min(end, reading.cut - 1)
    this.#reading = undefined
  }

  /** The page could not be read. */
  unfilled(): void {
    this.#reading = undefined
  }

  #put(task: WaitingTask): boolean {
    const last = this.#tasks.at(-1)
    if (last === undefined || last.order < task.order) this.#tasks.push(task)
    else {
      const at = this.#placeOf(task.order)
      if (this.#tasks[at]?.order === task.order) return false
      this.#tasks.splice(at, 0, task)
    }
    this.#budget.held += 1
    return true
  }

  #trim(most: number): void {
    while (this.#tasks.length > most) {
      const dropped = this.#tasks.pop()
      if (dropped === undefined) return
      this.#budget.held -= 1
      this.#horizon = Math.min(this.#horizon, dropped.order - 1)
      if (this.#reading !== undefined) this.#reading.cut = Math.min(this.#reading.cut, dropped.order)
    }
  }

  /** Index of the first task whose order is not below. */
  #placeOf(order: number): number {
    let low = 0
    let high = this.#tasks.length
    while (low < high) {
      const middle = (low + high) >> 1
      const found = this.#tasks[middle]
      if (found !== undefined && found.order < order) low = middle + 1
      else high = middle
    }
    return low
  }
}
