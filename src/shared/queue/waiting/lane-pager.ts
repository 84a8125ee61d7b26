import type { Logger } from '../../logger.ts'
import type { AlarmClock } from '../alarm-clock.ts'
import type { WaitingTask } from '../store/store.ts'
import type { LaneWindow } from './lane-window.ts'

/** Pages asked for at once. */
const PAGES_AT_ONCE = 8
/** Milliseconds until a page that could not be read is asked for again. */
const RETRY_MS = 1_000

export interface LanePagerInit<L> {
  page: (lane: string, after: number, limit: number) => Promise<WaitingTask[]>
  alarms: AlarmClock
  logger: Logger
  /** The line's window has been filled. */
  onRead: (line: L) => void
}

/** Reads what the windows of lanes want from the store, a few pages at once. */
export class LanePager<L extends { readonly key: string; readonly window: LaneWindow }> {
  readonly #init: LanePagerInit<L>
  readonly #asked = new Set<L>()
  #reading = 0
  #closed = false

  constructor(init: LanePagerInit<L>) {
    this.#init = init
  }

  /** Reads the next page of the line's window as soon as may be. */
  ask(line: L): void {
    this.#asked.add(line)
    this.#next()
  }

  /** Nothing is read for the line any more, unless it is under way. */
  forget(line: L): void {
    this.#asked.delete(line)
  }

  close(): void {
    this.#closed = true
    this.#asked.clear()
  }

  #next(): void {
    for (const line of this.#asked) {
      if (this.#reading >= PAGES_AT_ONCE || this.#closed) return
      this.#asked.delete(line)
      if (line.window.wantsPage) void this.#read(line)
    }
  }

  async #read(line: L): Promise<void> {
    const { page, alarms, logger, onRead } = this.#init
    const { after, limit } = line.window.read()
    this.#reading += 1
    try {
      const tasks = await page(line.key, after, limit)
      line.window.filled(tasks)
      onRead(line)
    } catch (error) {
      line.window.unfilled()
      if (this.#closed) return
      logger('warning', 'waiting tasks could not be read', { lane: line.key, error: String(error) })
      alarms.in(RETRY_MS, () => this.ask(line))
    } finally {
      this.#reading -= 1
      this.#next()
    }
  }
}
