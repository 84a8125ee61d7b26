import type { AuthorityState, AuthorityStore } from './authority-store.ts'

/** Keeps the state for the life of the process. */
export class MemoryAuthorityStore implements AuthorityStore {
  #state: AuthorityState | undefined

  async load(): Promise<AuthorityState | undefined> {
    return structuredClone(this.#state)
  }

  async save(state: AuthorityState): Promise<void> {
    this.#state = structuredClone(state)
  }
}
