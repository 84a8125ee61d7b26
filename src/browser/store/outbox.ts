import { createStore, delMany, getMany, keys, setMany, type UseStore } from 'idb-keyval'
import { z } from 'zod'
import type { Clock } from '../../shared/clock.ts'
import { ERROR_TABLE, type ErrorCode, type ErrorFacts } from '../../shared/errors.ts'
import type { LeaseId } from '../../shared/queue/work.ts'
import type { OutboxEntry, OutboxStore } from '../../shared/queue/worker/outbox.ts'

/** Entries kept without an answer: beyond it the oldest is dropped, and its task runs again when its lease ends. */
export const MAX_OUTBOX_ENTRIES = 10_000

/** `[owner, order, task_id, fence]`: IndexedDB sorts by it, so that keys come oldest first. */
const keySchema = z.tuple([z.string(), z.number(), z.string(), z.number()])
type Key = z.infer<typeof keySchema>

const isErrorCode = (code: unknown): code is ErrorCode => typeof code === 'string' && code in ERROR_TABLE

const errorSchema: z.ZodType<ErrorFacts> = z.object({
  code: z.custom<ErrorCode>(isErrorCode),
  message: z.string(),
  retryable: z.boolean(),
  field: z.exactOptional(z.string()),
  value: z.exactOptional(z.unknown()),
  allowed: z.exactOptional(z.string()),
  retry_after_ms: z.exactOptional(z.number()),
})

const entrySchema: z.ZodType<OutboxEntry> = z.object({
  owner: z.string(),
  task_id: z.string(),
  fence: z.int(),
  instance_id: z.string(),
  outcome: z.discriminatedUnion('state', [
    z.object({ state: z.literal('succeeded'), result: z.json() }),
    z.object({ state: z.enum(['failed', 'cancelled']), error: errorSchema }),
  ]),
})

/** The outbox of one identity slot: an outcome that is in it survives the tab. */
export class IndexedDbOutbox implements OutboxStore {
  readonly #store: UseStore
  readonly #clock: Clock
  /** Where each entry is, oldest first; the entries themselves stay in the database. */
  readonly #keys = new Map<string, Key>()
  readonly #onSize: (size: number) => void
  /** What was put in this tick, by name. */
  readonly #unwritten = new Map<string, [Key, OutboxEntry]>()
  #writing: Promise<void> | undefined
  #lastOrder = 0

  private constructor(store: UseStore, clock: Clock, onSize: (size: number) => void) {
    this.#store = store
    this.#clock = clock
    this.#onSize = onSize
  }

  /** `onChange` is called when `size` has changed. */
  static async open(slot: number, clock: Clock, onSize: (size: number) => void): Promise<IndexedDbOutbox> {
    const store = createStore(`toolmesh-peer-${slot}-outbox`, 'keyval')
    const outbox = new IndexedDbOutbox(store, clock, onSize)
    const parsed = (await keys(store)).map(key => keySchema.safeParse(key)).filter(key => key.success)
    for (const { data: key } of parsed.sort((a, b) => a.data[1] - b.data[1])) outbox.#index(key)
    onSize(parsed.length)
    return outbox
  }

  put(entry: OutboxEntry): Promise<void> {
    const { owner, task_id, fence } = entry
    const name = nameOf(owner, task_id, fence)
    const order = Math.max(this.#lastOrder + 1, this.#clock.now())
    const key = this.#unwritten.get(name)?.[0] ?? this.#keys.get(name) ?? [owner, order, task_id, fence]
    this.#lastOrder = Math.max(this.#lastOrder, key[1])
    this.#unwritten.set(name, [key, entry])
    this.#writing ??= Promise.resolve().then(() => this.#write())
    return this.#writing
  }

  async delete(owner: string, leases: readonly LeaseId[]): Promise<void> {
    const names = leases.map(({ task_id, fence }) => nameOf(owner, task_id, fence))
    const keys = names.map(name => this.#keys.get(name)).filter(key => key !== undefined)
    if (keys.length === 0) return
    await delMany(keys, this.#store)
    for (const name of names) this.#keys.delete(name)
    this.#onSize(this.#keys.size)
  }

  async list(owner: string, max: number): Promise<OutboxEntry[]> {
    const wanted = [...this.#keys.values()].filter(key => key[0] === owner).slice(0, max)
    const found: unknown[] = await getMany(wanted, this.#store)
    const entries = found.map(value => entrySchema.safeParse(value))
    const damaged = wanted.filter((_, n) => entries[n]?.success === false)
    if (damaged.length > 0) await this.delete(owner, damaged.map(leaseOf))
    return entries.flatMap(entry => (entry.success ? [entry.data] : []))
  }

  /** All that one tick has put, in one transaction. */
  async #write(): Promise<void> {
    const entries = [...this.#unwritten.values()]
    this.#unwritten.clear()
    this.#writing = undefined
    await setMany(entries, this.#store)
    for (const [key] of entries) this.#index(key)
    await this.#dropOldest()
    this.#onSize(this.#keys.size)
  }

  async #dropOldest(): Promise<void> {
    const excess = this.#keys.size - MAX_OUTBOX_ENTRIES
    if (excess <= 0) return
    for (const oldest of [...this.#keys.values()].slice(0, excess))
      await this.delete(oldest[0], [leaseOf(oldest)])
  }

  #index(key: Key): void {
    const [owner, order, taskId, fence] = key
    this.#keys.set(nameOf(owner, taskId, fence), key)
    this.#lastOrder = Math.max(this.#lastOrder, order)
  }
}

function leaseOf([, , task_id, fence]: Key): LeaseId {
  return { task_id, fence }
}

function nameOf(owner: string, taskId: string, fence: number): string {
  return `${owner} ${taskId} ${fence}`
}
