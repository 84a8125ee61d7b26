import type { Logger } from '../logger.ts'
import type { AlarmClock } from './alarm-clock.ts'
import type { Command, Reply } from './commands.ts'

/** Milliseconds until a change that the store could not take is tried again. */
export const STORE_RETRY_MS = 1_000

/**
 * Commits what has happened and can't be refused to anyone: while the store takes nothing, it is kept and tried
 * again. How much can wait so is bounded by the credits of the workers.
 */
export class InsistentCommit {
  readonly #commit: (command: Command) => Promise<Reply>
  readonly #alarms: AlarmClock
  readonly #logger: Logger
  /** Why the latest try failed; undefined when it did not. */
  #failure: string | undefined
  #closed = false

  constructor(commit: (command: Command) => Promise<Reply>, alarms: AlarmClock, logger: Logger) {
    this.#commit = commit
    this.#alarms = alarms
    this.#logger = logger
  }

  /** Why changes wait for the store now, for a person; undefined when none does. */
  get failure(): string | undefined {
    return this.#failure
  }

  /** Resolves with the store's reply; not while the store fails, and with none once closed. */
  async change(command: Command): Promise<Reply | undefined> {
    try {
      const reply = await this.#commit(command)
      this.#failure = undefined
      return reply
    } catch (error) {
      if (this.#closed) return undefined
      if (this.#failure === undefined) {
        this.#logger('error', 'the task store takes no changes; trying again', { error: String(error) })
      }
      this.#failure = error instanceof Error ? error.message : String(error)
      await new Promise<void>(resolve => this.#alarms.in(STORE_RETRY_MS, resolve))
      return this.change(command)
    }
  }

  close(): void {
    this.#closed = true
  }
}
