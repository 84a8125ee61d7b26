import type { Announcement } from '../../queue/work.ts'

export interface AnnouncerOptions {
  send: (announcement: Announcement) => Promise<unknown>
  /** What is true now. */
  current: () => Announcement
  onFailure: (error: unknown) => void
}

/**
 * Keeps the owner's knowledge of this worker true: one announcement under way at a time, and after it one more
 * if something has changed since.
 */
export class Announcer {
  readonly #options: AnnouncerOptions
  #sentCredits: number | undefined
  #sending = false

  constructor(options: AnnouncerOptions) {
    this.#options = options
  }

  /** The first announcement of a session; rejects when the owner refuses it. */
  async announce(): Promise<void> {
    const announcement = this.#options.current()
    this.#sentCredits = announcement.credits
    this.#sending = true
    try {
      await this.#options.send(announcement)
    } finally {
      this.#sending = false
    }
    this.changed()
  }

  /** Credits, the only thing that changes while a worker runs, may differ from what the owner knows. */
  changed(): void {
    if (this.#sending || this.#sentCredits === undefined) return
    if (this.#options.current().credits === this.#sentCredits) return
    this.announce().catch(this.#options.onFailure)
  }
}
