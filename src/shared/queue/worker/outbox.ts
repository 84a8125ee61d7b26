import type { OutcomeReport } from '../work.ts'

/** An outcome that its owner has not confirmed. */
export interface OutboxEntry extends OutcomeReport {
  /** Peer id of the task's owner. */
  owner: string
}

/** Where a worker keeps outcomes until their owner has answered for them. Keyed by (owner, task_id, fence). */
export interface OutboxStore {
  /** Resolves when the entry would survive what the driver promises to survive. */
  put(entry: OutboxEntry): Promise<void>
  delete(owner: string, taskId: string, fence: number): Promise<void>
  /** The entries for one owner, oldest first, at most `max`. */
  list(owner: string, max: number): Promise<OutboxEntry[]>
}

/** Entries kept without an answer: beyond it the oldest is dropped, and its task runs again when its lease ends. */
const MAX_ENTRIES = 10_000

/** An outbox that lives as long as its process. */
export class MemoryOutbox implements OutboxStore {
  readonly #entries = new Map<string, OutboxEntry>()

  async put(entry: OutboxEntry): Promise<void> {
    this.#entries.set(keyOf(entry.owner, entry.task_id, entry.fence), entry)
    if (this.#entries.size <= MAX_ENTRIES) return
    const oldest = this.#entries.keys().next()
    if (!oldest.done) this.#entries.delete(oldest.value)
  }

  async delete(owner: string, taskId: string, fence: number): Promise<void> {
    this.#entries.delete(keyOf(owner, taskId, fence))
  }

  async list(owner: string, max: number): Promise<OutboxEntry[]> {
    const found: OutboxEntry[] = []
    for (const entry of this.#entries.values()) {
      if (found.length >= max) break
      if (entry.owner === owner) found.push(entry)
    }
    return found
  }
}

function keyOf(owner: string, taskId: string, fence: number): string {
  return `${owner} ${taskId} ${fence}`
}
