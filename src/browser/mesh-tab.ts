import type { Clock } from '../shared/clock.ts'
import { factsOf } from '../shared/errors.ts'
import type { Logger } from '../shared/logger.ts'
import type { LinkState, OwnerLink } from '../shared/mcp/endpoint/owner-link.ts'
import type { DialReport } from '../shared/mesh/dialling/dial-report.ts'
import type { MeshHost } from '../shared/mesh/host-contract.ts'
import type { SessionEnd } from '../shared/mesh/session-contract.ts'
import type { AttemptRunner } from '../shared/queue/worker/attempt-runner.ts'
import type { WorkerPool } from '../shared/router/worker-pool.ts'
import { withDeadline } from './deadline.ts'
import { drain } from './drain.ts'
import { InviteRefusedError, TabError } from './errors.ts'
import type { StatePublisher } from './state-publisher.ts'
import type { Tab, TabState, Unreached } from './tab-contract.ts'
import { whyUnreached } from './why-unreached.ts'

/** Milliseconds for handing over the last outcomes; those left over stay in the outbox for the next visit. */
const DELIVER_MS = 5_000
/** Milliseconds between two looks at the round trip, which the session measures by itself. */
const RTT_EVERY_MS = 2_000

export interface MeshTabParts {
  host: MeshHost
  nodePeerId: string
  runner: AttemptRunner
  pool: WorkerPool
  publisher: StatePublisher
  clock: Clock
  logger: Logger
  /** What became of each address of the node in the last round of dials. */
  lastDials: () => readonly DialReport[]
  saveCapacity: (capacity: number) => Promise<void>
  /** Makes the link, which reports to the function given. */
  link: (onState: (state: LinkState) => void) => OwnerLink
  /** Gives back what the tab holds: workers, the network, its slot. */
  close: () => Promise<void>
}

/** A tab in the mesh: follows its link and its runner, and does what the person wants. */
export class MeshTab implements Tab {
  readonly #parts: MeshTabParts
  readonly #link: OwnerLink
  readonly #listening = new AbortController()
  #leaving: Promise<void> | undefined
  #closed: Promise<void> | undefined

  constructor(parts: MeshTabParts) {
    this.#parts = parts
    this.#link = parts.link(state => this.#onLink(state))
    parts.runner.onChange(({ paused, capacity }) => parts.publisher.update({ paused, capacity }))
    this.#wakeOnNews()
    this.#hangUpWithPage()
    this.#watchRoundTrip()
  }

  get state(): TabState {
    return this.#parts.publisher.state
  }

  subscribe(listener: (state: TabState) => void): () => void {
    return this.#parts.publisher.subscribe(listener)
  }

  setCapacity(workers: number): void {
    const { pool, runner, saveCapacity, logger } = this.#parts
    const capacity = Math.min(Math.max(1, Math.round(workers)), this.state.max_capacity)
    pool.setCapacity(capacity)
    runner.setCapacity(capacity)
    saveCapacity(capacity).catch((error: unknown) =>
      logger('warning', 'the number of workers could not be kept', { error: String(error) }),
    )
  }

  pause(): void {
    this.#parts.runner.pause()
  }

  resume(): void {
    this.#parts.runner.resume()
  }

  retry(): void {
    this.#link.wake()
  }

  leave(): Promise<void> {
    this.#leaving ??= this.#leave()
    return this.#leaving
  }

  async #leave(): Promise<void> {
    if (this.#closed === undefined) {
      await drain(this.#parts)
      await this.#deliver()
    }
    await this.#close()
    this.#parts.publisher.forget('path', 'rtt_ms', 'retry_at', 'error', 'unreached')
    this.#parts.publisher.update({ phase: 'left' })
  }

  async #deliver(): Promise<void> {
    const { clock, logger } = this.#parts
    const late = (signal: AbortSignal) =>
      new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    try {
      await withDeadline(clock, DELIVER_MS, signal => Promise.race([this.#link.deliver(), late(signal)]))
    } catch (error) {
      logger('info', 'outcomes stay in the outbox', { error: String(error) })
    }
  }

  #onLink(state: LinkState): void {
    const { publisher, nodePeerId } = this.#parts
    if (state.phase === 'refused') {
      publisher.forget('path', 'rtt_ms', 'retry_at')
      publisher.update({ phase: 'failed', error: errorOf(new InviteRefusedError(state.why)) })
      void this.#close()
      return
    }
    const phase = this.state.phase === 'draining' ? 'draining' : phaseOf(state, this.state)
    publisher.forget('path', 'rtt_ms', 'retry_at', 'error')
    if (state.phase === 'online') {
      publisher.forget('unreached')
      publisher.update({ phase, path: state.session.path, node_peer_id: nodePeerId, node_ending: false })
    } else if (state.phase === 'reconnecting') {
      publisher.update({ phase, retry_at: state.retryAt, unreached: this.#unreached(state.reason) })
    } else {
      publisher.update({ phase })
    }
  }

  #unreached(reason: SessionEnd): Unreached {
    const { lastDials, clock } = this.#parts
    return whyUnreached(reason, lastDials(), clock.now())
  }

  #wakeOnNews(): void {
    const { signal } = this.#listening
    window.addEventListener('online', () => this.#link.wake(), { signal })
    const onVisible = () => {
      if (document.visibilityState === 'visible') this.#link.wake()
    }
    document.addEventListener('visibilitychange', onVisible, { signal })
  }

  /** A WebRTC connection whose page has gone is missed by the node after half a minute only, unless it is ended. */
  #hangUpWithPage(): void {
    const { host, nodePeerId } = this.#parts
    const hangUp = ({ persisted }: PageTransitionEvent) => {
      if (!persisted) void host.dropPeer(nodePeerId)
    }
    window.addEventListener('pagehide', hangUp, { signal: this.#listening.signal })
  }

  #watchRoundTrip(): void {
    void this.#lookAtRoundTrip()
    const cancel = this.#parts.clock.after(RTT_EVERY_MS, () => {
      this.#listening.signal.removeEventListener('abort', cancel)
      this.#watchRoundTrip()
    })
    this.#listening.signal.addEventListener('abort', cancel, { once: true })
  }

  async #lookAtRoundTrip(): Promise<void> {
    const { host, nodePeerId, publisher } = this.#parts
    const session = host.session(nodePeerId)
    if (session === undefined) return
    try {
      const rtt_ms = await host.ping(nodePeerId, this.#listening.signal)
      const isCurrent = host.session(nodePeerId) === session
      if (isCurrent && rtt_ms !== this.state.rtt_ms) publisher.update({ rtt_ms })
    } catch {
      // The session ended under the ping; the link reports that.
    }
  }

  #close(): Promise<void> {
    this.#closed ??= (async () => {
      this.#listening.abort()
      await this.#link.close()
      await this.#parts.close()
    })()
    return this.#closed
  }
}

/** What a person is told of an error. */
export function errorOf(error: unknown): NonNullable<TabState['error']> {
  const { code, message } = factsOf(error)
  return { code, message, ...(error instanceof TabError ? { hint: error.hint } : {}) }
}

/** A link that is tried again after it was up shows as reconnecting, also while it dials. */
function phaseOf(link: LinkState, tab: TabState): TabState['phase'] {
  if (link.phase === 'online') return 'online'
  if (link.phase === 'reconnecting') return 'reconnecting'
  return tab.phase === 'reconnecting' ? 'reconnecting' : 'connecting'
}
