/**
 * Runs one save at a time; whoever asks while one is under way shares the next, which sees all their changes.
 * A failed save is told to those who waited for it, and hinders no later one.
 */
export class CoalescedSave {
  readonly #write: () => Promise<void>
  #running: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined

  constructor(write: () => Promise<void>) {
    this.#write = write
  }

  /** Resolves when everything changed before this call is saved. */
  save(): Promise<void> {
    this.#next ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#next = undefined
        this.#running = this.#write()
        return this.#running
      })
    return this.#next
  }
}
