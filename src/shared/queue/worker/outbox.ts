import { LeaseMap } from '../lease-map.ts'
import type { LeaseId, OutcomeReport } from '../work.ts'

/** An outcome that its owner has not confirmed. */
export interface OutboxEntry extends OutcomeReport {
  /** Peer id of the task's owner. */
  owner: string
}

/** Where a worker keeps outcomes until their owner has answered for them. Keyed by (owner, task_id, fence). */
export interface OutboxStore {
  /**
   * Resolves when the entry would survive what the driver promises to survive; undefined: it would already. What one tick
   * puts is written together.
   */
  put(entry: OutboxEntry): Promise<void> | undefined
  /** Forgets these together; undefined: it has. */
  delete(owner: string, leases: readonly LeaseId[]): Promise<void> | undefined
  /** The entries for one owner, oldest first, at most `max`. */
  list(owner: string, max: number): Promise<OutboxEntry[]>
}

/** Entries kept without an answer: beyond it one owner's oldest is dropped, and its task runs again when its lease ends. */
const MAX_ENTRIES = 10_000

/** An outbox that lives as long as its process. */
export class MemoryOutbox implements OutboxStore {
  readonly #byOwner = new Map<string, LeaseMap<OutboxEntry>>()
  readonly #maxEntries: number
  #size = 0

  constructor(maxEntries = MAX_ENTRIES) {
    this.#maxEntries = maxEntries
  }

  put(entry: OutboxEntry): undefined {
    const ofOwner = this.#of(entry.owner)
    const before = ofOwner.size
    ofOwner.set(entry, entry)
    this.#size += ofOwner.size - before
    if (this.#size > this.#maxEntries) this.#dropOne()
  }

  delete(owner: string, leases: readonly LeaseId[]): undefined {
    const ofOwner = this.#byOwner.get(owner)
    if (ofOwner === undefined) return
    for (const lease of leases) if (ofOwner.delete(lease) !== undefined) this.#size -= 1
    if (ofOwner.size === 0) this.#byOwner.delete(owner)
  }

  async list(owner: string, max: number): Promise<OutboxEntry[]> {
    const found: OutboxEntry[] = []
    for (const entry of this.#byOwner.get(owner)?.values() ?? []) {
      if (found.length >= max) break
      found.push(entry)
    }
    return found
  }

  #of(owner: string): LeaseMap<OutboxEntry> {
    let ofOwner = this.#byOwner.get(owner)
    if (ofOwner === undefined) {
      ofOwner = new LeaseMap()
      this.#byOwner.set(owner, ofOwner)
    }
    return ofOwner
  }

  /** The oldest of the owner that lets most of them wait. */
  #dropOne(): void {
    const [most] = [...this.#byOwner].sort(([, a], [, b]) => b.size - a.size)
    for (const oldest of most?.[1].values() ?? []) {
      this.delete(oldest.owner, [oldest])
      return
    }
  }
}
