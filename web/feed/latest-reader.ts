/**
 * Runs `read` when asked, never twice at once: asks that come while one runs are answered by one more run
 * after it. So a burst of updates costs at most two reads, and the last read started after the last update.
 */
export class LatestReader {
  #read: () => Promise<void>
  #running = false
  #again = false

  /** @param read must not reject; it handles its own failure */
  constructor(read: () => Promise<void>) {
    this.#read = read
  }

  ask(): void {
    if (this.#running) {
      this.#again = true
      return
    }
    this.#running = true
    void this.#run()
  }

  async #run(): Promise<void> {
    do {
      this.#again = false
      await this.#read()
    } while (this.#again)
    this.#running = false
  }
}
