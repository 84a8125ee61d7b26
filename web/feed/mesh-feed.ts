import type { z } from 'zod'
import type { Clock } from '../../src/shared/clock.ts'
import type { OverviewView, PeersView } from '../../src/shared/mcp/views.ts'
import { reconnectDelay } from './backoff.ts'
import { LatestReader } from './latest-reader.ts'
import {
  lossOf,
  type MeshSession,
  type MeshSessionInit,
  openingLossOf,
  type SessionLoss,
} from './mesh-session.ts'
import {
  overviewSchema,
  peersSchema,
  type ScheduleRow,
  schedulesSchema,
  type TaskList,
  tasksSchema,
} from './view-schemas.ts'

/**
 * How often the two small views are read without being told to: it notices a node that went silent, and
 * figures such as a round trip drift without anything that would be told.
 */
const HEARTBEAT_MS = 10_000
const HEARTBEAT_URIS = ['mesh://overview', 'mesh://peers']

export type Connection =
  | { phase: 'connecting' }
  | { phase: 'online' }
  /** `retry_at` in epoch milliseconds; absent while a try is under way. */
  | { phase: 'reconnecting'; reason: string; retry_at?: number }
  /** `reason`: why a credential that is known does not do. */
  | { phase: 'signed_out'; reason?: string }

/** What the dashboard shows. The views stay while reconnecting, so that nothing blinks away. */
export interface FeedState {
  connection: Connection
  overview?: OverviewView
  peers?: PeersView
  tasks?: TaskList
  schedules?: ScheduleRow[]
  /** Epoch milliseconds at which the overview was read. */
  overview_at: number
}

export interface MeshFeedInit {
  open: (hooks: Pick<MeshSessionInit, 'onUpdated' | 'onLost'>) => Promise<MeshSession>
  clock: Clock
  /** In [0, 1). */
  random: () => number
}

/** What a page reads besides the views that are always there. */
export interface Watched<T> {
  /** Read again after each change of this resource. */
  uri: string
  read: (session: MeshSession) => Promise<T>
  show: (view: T) => void
  /** The node does not give it; what went wrong with the session is told by its connection. */
  failed: (error: unknown) => void
}

interface Watch {
  uri: string
  reader: LatestReader
  failed: (error: unknown) => void
}

/** Keeps the views of a node current over one session at a time, and makes a new one when that ends. */
export class MeshFeed {
  #init: MeshFeedInit
  #state: FeedState = { connection: { phase: 'connecting' }, overview_at: 0 }
  #listeners = new Set<(state: FeedState) => void>()
  #session: MeshSession | undefined
  #attempt = 0
  #stopTimer: () => void = () => {}
  #readers: Record<string, LatestReader>
  #watches = new Set<Watch>()
  /** One request after another: each is a message of its own, and the node must get them in order. */
  #subscriptions: Promise<void> = Promise.resolve()
  /** Raised by each `start`, `stop` and loss; what was begun under an older one no longer counts. */
  #generation = 0
  #visible = true
  #shown: ReadonlySet<string> | undefined
  /** What changed while nobody looked. */
  #unread = new Set<string>()

  constructor(init: MeshFeedInit) {
    this.#init = init
    this.#readers = {
      'mesh://overview': this.#reader('mesh://overview', overviewSchema, overview => ({
        overview,
        overview_at: init.clock.now(),
      })),
      'mesh://peers': this.#reader('mesh://peers', peersSchema, peers => ({ peers })),
      'mesh://tasks': this.#reader('mesh://tasks', tasksSchema, tasks => ({ tasks })),
      'mesh://schedules': this.#reader('mesh://schedules', schedulesSchema, view => view),
    }
  }

  get state(): FeedState {
    return this.#state
  }

  /** The session while there is one, for calls and single reads. */
  get session(): MeshSession | undefined {
    return this.#session
  }

  /** Calls `listener` after each change; returns how to stop. */
  subscribe(listener: (state: FeedState) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Connects now: at first, after signing in, and when a person or the network says that it may work again. */
  start(): void {
    this.stop()
    void this.#connect(this.#generation)
  }

  stop(): void {
    this.#generation += 1
    this.#stopTimer()
    this.#session?.close()
    this.#session = undefined
  }

  /** While the page is hidden, changes are only noted; they are read when it is seen again. */
  setVisible(visible: boolean): void {
    this.#visible = visible
    this.#catchUp()
  }

  /** Which of its own views the page shows, undefined: all; changes of the others are noted and read when they are shown. */
  showOnly(uris: readonly string[] | undefined): void {
    this.#shown = uris === undefined ? undefined : new Set(uris)
    this.#catchUp()
  }

  #isSeen(uri: string): boolean {
    return this.#visible && (!(uri in this.#readers) || this.#shown?.has(uri) !== false)
  }

  #catchUp(): void {
    for (const uri of this.#unread) {
      if (!this.#isSeen(uri)) continue
      this.#unread.delete(uri)
      this.#ask(uri)
    }
  }

  /** Reads something now, and again whenever it has changed or a new session began; returns how to stop. */
  watch<T>({ uri, read, show, failed }: Watched<T>): () => void {
    const watch: Watch = {
      uri,
      failed,
      reader: new LatestReader(async () => {
        const session = this.#session
        if (session === undefined) return
        try {
          const view = await read(session)
          if (session === this.#session && this.#watches.has(watch)) show(view)
        } catch (error) {
          if (session === this.#session && this.#watches.has(watch)) failed(error)
        }
      }),
    }
    this.#watches.add(watch)
    if (this.#session !== undefined && this.#state.connection.phase === 'online')
      this.#begin(this.#session, watch)
    return () => {
      if (this.#watches.delete(watch)) this.#forget(uri)
    }
  }

  /** Subscribes before it reads, so that no change between the two is missed. */
  #begin(session: MeshSession, watch: Watch): void {
    const subscribed = this.#subscriptions.then(() => session.subscribe(watch.uri))
    this.#subscriptions = subscribed.catch(() => {})
    subscribed.then(
      () => watch.reader.ask(),
      error => {
        if (session === this.#session && this.#watches.has(watch)) watch.failed(error)
      },
    )
  }

  /** Ends the subscription, unless the resource is watched again by then. */
  #forget(uri: string): void {
    const session = this.#session
    if (session === undefined || uri in this.#readers) return
    this.#subscriptions = this.#subscriptions
      .then(() => {
        for (const watch of this.#watches) if (watch.uri === uri) return
        this.#unread.delete(uri)
        return session.unsubscribe(uri)
      })
      .catch(() => {})
  }

  #ask(uri: string): void {
    this.#readers[uri]?.ask()
    for (const watch of this.#watches) if (watch.uri === uri) watch.reader.ask()
  }

  async #connect(generation: number): Promise<void> {
    const { connection } = this.#state
    this.#update({
      connection:
        connection.phase === 'reconnecting'
          ? { phase: 'reconnecting', reason: connection.reason }
          : { phase: 'connecting' },
    })
    try {
      const session = await this.#init.open({
        onUpdated: uri => {
          if (this.#isSeen(uri)) this.#ask(uri)
          else this.#unread.add(uri)
        },
        onLost: loss => {
          if (generation === this.#generation) this.#lost(loss)
        },
      })
      if (generation !== this.#generation) return session.close()
      this.#session = session
      const uris = Object.keys(this.#readers)
      await Promise.all(uris.map(uri => session.subscribe(uri)))
      if (generation !== this.#generation) return
      this.#attempt = 0
      this.#update({ connection: { phase: 'online' } })
      for (const uri of uris) this.#readers[uri]?.ask()
      for (const watch of this.#watches) this.#begin(session, watch)
      this.#beat(generation)
    } catch (error) {
      if (generation !== this.#generation) return
      this.#lost(openingLossOf(error))
    }
  }

  #beat(generation: number): void {
    this.#stopTimer = this.#init.clock.after(HEARTBEAT_MS, () => {
      if (generation !== this.#generation) return
      for (const uri of HEARTBEAT_URIS) this.#readers[uri]?.ask()
      this.#beat(generation)
    })
  }

  #lost(loss: SessionLoss): void {
    this.stop()
    if (loss.kind !== 'lost') {
      this.#update({
        connection: { phase: 'signed_out', ...(loss.kind === 'refused' ? { reason: loss.message } : {}) },
      })
      return
    }
    const delay = reconnectDelay(this.#attempt, this.#init.random)
    this.#attempt += 1
    this.#update({
      connection: {
        phase: 'reconnecting',
        reason: loss.message,
        retry_at: this.#init.clock.now() + delay,
      },
    })
    const generation = this.#generation
    this.#stopTimer = this.#init.clock.after(delay, () => void this.#connect(generation))
  }

  #reader<T>(uri: string, schema: z.ZodType<T>, show: (view: T) => Partial<FeedState>): LatestReader {
    return new LatestReader(async () => {
      const session = this.#session
      try {
        const view = await session?.read(uri, schema)
        if (view !== undefined && session === this.#session) this.#update(show(view))
      } catch (error) {
        // The session itself reports its loss; anything else is a view that this page cannot read.
        if (session === this.#session && lossOf(error) === undefined)
          console.error(`${uri} could not be read`, error)
      }
    })
  }

  #update(change: Partial<FeedState>): void {
    this.#state = { ...this.#state, ...change }
    for (const listener of this.#listeners) listener(this.#state)
  }
}
