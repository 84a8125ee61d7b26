import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { InvalidInputError } from '../errors.ts'
import type { Catalogue } from '../tools/catalogue.ts'
import type { QueueStore } from './store/store.ts'
import type { Pause } from './waiting/pause.ts'

/** What to pause or resume: one tool, one category, or (neither) the whole queue. */
export interface PauseFilter {
  tool?: string
  category?: string
}

/** A pause and since when it holds, epoch milliseconds. */
export type StandingPause = Pause & { since: number }

export interface PauseBookInit {
  store: Pick<QueueStore, 'records' | 'putRecord'>
  catalogue: Pick<Catalogue, 'get' | 'list'>
  clock: Clock
  /** What is paused has changed. */
  onChange: (pauses: readonly Pause[]) => void
}

const PREFIX = 'pause/'

const Stored = z
  .object({ since: z.number() })
  .and(
    z.discriminatedUnion('scope', [
      z.object({ scope: z.literal('queue') }),
      z.object({ scope: z.literal('category'), name: z.string() }),
      z.object({ scope: z.literal('tool'), name: z.string() }),
    ]),
  )

/**
 * What is paused: durable before it is told, and over a restart. A pause belongs to a filter and not to a task: what
 * waits under it goes on waiting, what runs goes on.
 */
export class PauseBook {
  readonly #init: PauseBookInit
  readonly #pauses = new Map<string, StandingPause>()
  readonly #listeners = new Set<() => void>()

  constructor(init: PauseBookInit) {
    this.#init = init
  }

  /** Takes up what was paused before a restart. */
  async load(): Promise<void> {
    for (const { key, value } of await this.#init.store.records()) {
      if (key.startsWith(PREFIX)) this.#pauses.set(key, Stored.parse(value))
    }
    if (this.#pauses.size > 0) this.#init.onChange(this.list())
  }

  list(): StandingPause[] {
    return [...this.#pauses.values()]
  }

  /** What is paused already stays so. Throws `invalid_input` for a tool or category that there is not. */
  async pause(filter: PauseFilter): Promise<void> {
    const pause = this.#pauseOf(filter)
    const key = keyOf(pause)
    if (this.#pauses.has(key)) return
    const standing = { ...pause, since: this.#init.clock.now() }
    await this.#init.store.putRecord(key, standing)
    this.#pauses.set(key, standing)
    this.#changed()
  }

  /** What is not paused by this filter itself stays as it is. */
  async resume(filter: PauseFilter): Promise<void> {
    const key = keyOf(this.#pauseOf(filter))
    if (!this.#pauses.has(key)) return
    await this.#init.store.putRecord(key, undefined)
    this.#pauses.delete(key)
    this.#changed()
  }

  /** Calls `listener` when something was paused or resumed; the returned function ends it. */
  onPauses(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #changed(): void {
    this.#init.onChange(this.list())
    for (const listener of this.#listeners) listener()
  }

  #pauseOf({ tool, category }: PauseFilter): Pause {
    const { catalogue } = this.#init
    if (tool !== undefined && category !== undefined)
      throw new InvalidInputError('/category', category, 'a tool or a category, not both')
    if (tool !== undefined) {
      // A tool that has gone with an update can still be resumed.
      if (catalogue.get(tool) === undefined && !this.#pauses.has(keyOf({ scope: 'tool', name: tool })))
        throw new InvalidInputError('/tool', tool, 'the name of a tool of this mesh (tools_search finds it)')
      return { scope: 'tool', name: tool }
    }
    if (category === undefined) return { scope: 'queue' }
    const pause = { scope: 'category', name: category } as const
    if (catalogue.list(category).length === 0 && !this.#pauses.has(keyOf(pause)))
      throw new InvalidInputError(
        '/category',
        category,
        'the name of a category of tools (tools_list_categories shows them)',
      )
    return pause
  }
}

function keyOf(pause: Pause): string {
  return pause.scope === 'queue' ? `${PREFIX}queue` : `${PREFIX}${pause.scope}/${pause.name}`
}
