import type { Command, Reply } from '../states/commands.ts'
import type { CommitLine } from './group-commit.ts'
import type { StoreHealth } from './store-health.ts'

/**
 * Commits what has happened and can't be refused to anyone: while the store takes nothing, it is kept until the
 * store is well. How much can wait so is bounded by the credits of the workers and the window of due tasks.
 */
export class InsistentCommit {
  readonly #commit: (command: Command, line?: CommitLine) => Promise<Reply>
  readonly #health: Pick<StoreHealth, 'healthy' | 'isWell'>

  /** @param commit tells the store's health of a failure before it rejects */
  constructor(
    commit: (command: Command, line?: CommitLine) => Promise<Reply>,
    health: Pick<StoreHealth, 'healthy' | 'isWell'>,
  ) {
    this.#commit = commit
    this.#health = health
  }

  /** Resolves with the store's reply; not while the store fails, and with none once closed. */
  async change(command: Command, line?: CommitLine): Promise<Reply | undefined> {
    for (;;) {
      if (!this.#health.isWell && !(await this.#health.healthy())) return undefined
      try {
        return await this.#commit(command, line)
      } catch {
        // The store's health has heard of it.
      }
    }
  }
}
