import { z } from 'zod'
import type { Clock } from '../../clock.ts'
import type { Logger } from '../../logger.ts'
import { DAY_MS } from '../requests/task-options.ts'
import type { QueueStore } from '../store/store.ts'
import type { TaskEvent } from '../task.ts'
import { type PastStarts, rateGateId } from '../waiting/past-starts.ts'

const RECORD = 'rate-starts'
/** Starts in the record: about a megabyte. The keys with the fewest come first. */
const STARTS_KEPT = 50_000
/** Changes of the journal that are looked at after a crash, and in one read. */
const EVENTS_READ = 10_000
const EVENTS_PAGE = 1_000

const Stored = z.object({
  /** The store's last change when this was written: after any other it is out of date. */
  seq: z.int(),
  unknown_until: z.number(),
  gates: z.array(z.tuple([z.string(), z.array(z.number())])),
})

export interface RateMemoryInit {
  store: Pick<QueueStore, 'records' | 'putRecord' | 'events' | 'head'>
  clock: Clock
  logger: Logger
}

/**
 * What rate keys have used, over a restart: as it was written down when the queue closed, or after a crash as the
 * journal of changes tells it. Either may know too little, and never says that less was used than was.
 */
export class RateMemory {
  readonly #init: RateMemoryInit

  constructor(init: RateMemoryInit) {
    this.#init = init
  }

  async load(): Promise<PastStarts> {
    const { store } = this.#init
    const { last } = await store.events(0, 1)
    const record = (await store.records()).find(({ key }) => key === RECORD)
    const parsed = Stored.safeParse(record?.value)
    if (parsed.success && parsed.data.seq === last)
      return { starts: new Map(parsed.data.gates), unknownUntil: parsed.data.unknown_until }
    return this.#fromJournal(last)
  }

  /** Nothing may be started after it was asked for. */
  async save({ starts, unknownUntil }: PastStarts): Promise<void> {
    const { store, clock, logger } = this.#init
    const since = clock.now() - DAY_MS
    let room = STARTS_KEPT
    const all = [...starts].map(([id, times]): [string, number[]] => [id, times.filter(at => at > since)])
    const counting = all.filter(([, times]) => times.length > 0).sort(([, a], [, b]) => a.length - b.length)
    const gates = counting.filter(([, times]) => {
      room -= times.length
      return room >= 0
    })
    const unknown_until = gates.length === counting.length ? unknownUntil : clock.now()
    try {
      const { last } = await store.events(0, 1)
      await store.putRecord(RECORD, { seq: last, unknown_until, gates })
    } catch (error) {
      logger('debug', 'the use of rate keys could not be kept', { error: String(error) })
    }
  }

  async #fromJournal(last: number): Promise<PastStarts> {
    const { store } = this.#init
    const starts = new Map<string, number[]>()
    const first = Math.max(last - EVENTS_READ, 0)
    let unknownUntil = 0
    for (let after = first; after < last; ) {
      const { events, oldest } = await store.events(after, EVENTS_PAGE)
      const [earliest] = events
      if (earliest === undefined) break
      if (after === first && (first > 0 || oldest > 1)) unknownUntil = earliest.at
      for (const event of events) {
        if (event.state !== 'running') continue
        const known = await this.#note(event, starts)
        if (!known) unknownUntil = Math.max(unknownUntil, event.at)
      }
      after = events.at(-1)?.seq ?? last
    }
    for (const times of starts.values()) times.sort((a, b) => a - b)
    return { starts, unknownUntil }
  }

  /** False: the task is gone, so that nobody knows what its key was. */
  async #note({ task_id, principal, at }: TaskEvent, starts: Map<string, number[]>): Promise<boolean> {
    const head = await this.#init.store.head(task_id)
    if (head === undefined) return false
    if (head.rate === undefined) return true
    const id = rateGateId(principal, head.rate.key)
    const times = starts.get(id)
    if (times === undefined) starts.set(id, [at])
    else times.push(at)
    return true
  }
}
