import type { Clock } from '../../clock.ts'
import { ToolmeshError } from '../../errors.ts'
import { LinkLostError } from '../errors.ts'
import type { LeaseId, OutcomeReport, OutcomeVerdict } from '../work.ts'
import type { OutboxEntry, OutboxStore } from './outbox.ts'
import { VerdictWait } from './verdict-wait.ts'

/** How outcomes of an outbox are handed to their owner. */
export type Complete = (reports: OutcomeReport[]) => Promise<OutcomeVerdict[]>

/** Outcomes in one `complete`, and characters of their JSON: one that is larger goes alone. */
const FLUSH_BATCH = 32
const FLUSH_CHARS = 1024 * 1024

/** Milliseconds that the owner has for its verdict on an answered outcome, until the outcome goes by `complete` again. */
const VERDICT_MS = 5_000

/** Sees to it that each outcome of an outbox comes to its owner, however often it takes. */
export class OutboxDelivery {
  readonly #outbox: OutboxStore
  readonly #clock: Clock
  readonly #channels = new Map<string, Complete>()
  readonly #flushing = new Map<string, Promise<void>>()
  readonly #unsettled: VerdictWait

  constructor(outbox: OutboxStore, clock: Clock) {
    this.#outbox = outbox
    this.#clock = clock
    this.#unsettled = new VerdictWait(clock, VERDICT_MS, owner => this.#again(owner))
  }

  /**
   * In the outbox before it is answered; without a verdict in time it goes by `complete`. Resolves, never rejects, when it
   * may be answered; undefined: at once.
   */
  keep(entry: OutboxEntry): Promise<void> | undefined {
    const kept = (): void => this.#unsettled.add(entry.owner, entry)
    const put = this.#outbox.put(entry)
    // Without storage the answer is its only way; lost, the attempt is repeated.
    if (put !== undefined) return put.then(kept, () => {})
    kept()
    return undefined
  }

  settled(owner: string, leases: readonly LeaseId[]): void {
    this.#unsettled.delete(owner, leases)
    // What can't be deleted stays in the outbox, and the next flush hears that it is a duplicate.
    this.#outbox.delete(owner, leases)?.catch(() => {})
  }

  /** Hands over what the outbox holds for `owner`; `complete` is the way to it until its link is lost. */
  flush(owner: string, complete: Complete): Promise<void> {
    this.#channels.set(owner, complete)
    const running = (this.#flushing.get(owner) ?? Promise.resolve()).then(() => this.#flush(owner, complete))
    const settled = running.catch(error => {
      if (this.#channels.get(owner) !== complete) return
      if (error instanceof LinkLostError) this.#channels.delete(owner)
      else this.#clock.after(VERDICT_MS, () => this.#again(owner))
    })
    this.#flushing.set(owner, settled)
    return running
  }

  #again(owner: string): void {
    const complete = this.#channels.get(owner)
    if (complete !== undefined) this.flush(owner, complete).catch(() => {})
  }

  async #flush(owner: string, complete: Complete): Promise<void> {
    for (;;) {
      const entries = firstThatFit(await this.#outbox.list(owner, FLUSH_BATCH))
      if (entries.length === 0) return
      try {
        const verdicts = await complete(entries.map(({ owner: _, ...report }) => report))
        if (verdicts.length !== entries.length) throw new Error('the owner did not answer for every outcome')
      } catch (error) {
        // No session will ever carry it, and it must not hold up the others.
        const isTooLarge = error instanceof ToolmeshError && error.code === 'frame_too_large'
        if (!isTooLarge || entries.length > 1) throw error
      }
      await this.#outbox.delete(owner, entries)
    }
  }
}

/** As many as go in one message, at least one. */
function firstThatFit(entries: readonly OutboxEntry[]): OutboxEntry[] {
  let chars = 0
  const fitting = entries.findIndex(({ outcome }, index) => {
    chars += JSON.stringify(outcome).length
    return index > 0 && chars > FLUSH_CHARS
  })
  return entries.slice(0, fitting === -1 ? entries.length : fitting)
}
