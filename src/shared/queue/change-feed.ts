import type { Logger } from '../logger.ts'
import type { TaskEvent } from './task.ts'

/** Who hears of each committed change, in the order of `seq`. A listener that fails harms nobody. */
export class ChangeFeed {
  readonly #logger: Logger
  readonly #listeners = new Set<(event: TaskEvent) => void>()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** Nobody listens, so an event need not be made. */
  get isSilent(): boolean {
    return this.#listeners.size === 0
  }

  /** Calls `listener` after each committed change; the returned function ends it. */
  onChange(listener: (event: TaskEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  tell(event: TaskEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch (error) {
        this.#logger('error', 'a listener of task changes failed', { error: String(error) })
      }
    }
  }
}
