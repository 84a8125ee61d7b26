import type { Clock } from '../../clock.ts'
import type { Logger } from '../../logger.ts'
import type { DialReport } from '../dialling/dial-report.ts'
import { SessionClosedError } from '../errors.ts'
import type { MeshHost } from '../host-contract.ts'
import type { Session, SessionEnd } from '../session-contract.ts'
import { KeptSession } from './kept-session.ts'
import { OpeningQueue } from './opening-queue.ts'
import { PoolFigures } from './pool-figures.ts'
import { DEFAULT_POOL_LIMITS, type PoolLimits } from './pool-limits.ts'
import { PooledPeer } from './pooled-peer.ts'
import type {
  KeepOptions,
  KeptConnection,
  PoolMetrics,
  SessionPool,
  UseOptions,
} from './session-pool-contract.ts'

/** Reports of one peer's last round at most. */
const REPORTS = 64

export interface MeshSessionPoolInit {
  host: Pick<MeshHost, 'connect' | 'session' | 'sessions' | 'onSession' | 'onDial' | 'dropPeer'>
  /** Multiaddrs of a peer, best first, from what is known of it and what a caller gave. */
  addressesOf: (peerId: string, given: readonly string[]) => readonly string[]
  clock: Clock
  logger: Logger
  /** In [0, 1). */
  random: () => number
  limits?: Partial<PoolLimits>
}

interface Remembered {
  peer: PooledPeer
  /** Reports of the opening of this number. */
  dials: { opening: number; reports: DialReport[] }
}

/** The pool of a mesh host. */
export class MeshSessionPool implements SessionPool {
  readonly #init: MeshSessionPoolInit
  readonly #limits: PoolLimits
  readonly #queue: OpeningQueue
  readonly #figures = new PoolFigures()
  /** In the order of their last use. */
  readonly #peers = new Map<string, Remembered>()
  readonly #stops: (() => void)[]

  constructor(init: MeshSessionPoolInit) {
    this.#init = init
    this.#limits = { ...DEFAULT_POOL_LIMITS, ...init.limits }
    this.#queue = new OpeningQueue(this.#limits.openings)
    this.#stops = [
      init.host.onSession(session => this.#attach(session)),
      init.host.onDial(report => this.#remember(report)),
    ]
    for (const session of init.host.sessions()) this.#attach(session)
  }

  async use<T>(
    peerId: string,
    { signal, addresses = [], waitMs = this.#limits.waitMs }: UseOptions,
    work: (session: Session) => Promise<T>,
  ): Promise<T> {
    const { host } = this.#init
    const { peer } = this.#peer(peerId)
    const done = peer.use()
    try {
      this.#figures.used(host.session(peerId) !== undefined)
      const { session, release } = await this.#held(peer, { signal, addresses, waitMs })
      try {
        return await work(session)
      } finally {
        release()
      }
    } finally {
      done()
    }
  }

  keep(peerId: string, options: KeepOptions): KeptConnection {
    const { host, clock, logger, random } = this.#init
    const kept = new KeptSession({
      peerId,
      peer: this.#peer(peerId).peer,
      open: () => host.session(peerId),
      options,
      clock,
      logger,
      random,
      firstWaitMs: this.#limits.firstBackoffMs,
    })
    void kept.run()
    return kept
  }

  async drop(peerId: string, reason?: SessionEnd): Promise<void> {
    this.#peer(peerId).peer.leaveAlone()
    await this.#init.host.dropPeer(peerId, reason)
  }

  metrics(): PoolMetrics {
    return this.#figures.metrics(this.#init.host.sessions().length)
  }

  lastDials(peerId: string): readonly DialReport[] {
    return this.#peers.get(peerId)?.dials.reports ?? []
  }

  onDial(listener: (report: DialReport) => void): () => void {
    return this.#init.host.onDial(listener)
  }

  /** Opens and closes nothing any more; sessions that are open stay so. */
  close(): void {
    for (const stop of this.#stops.splice(0)) stop()
    for (const { peer } of this.#peers.values()) peer.stop()
  }

  /** A session may end between being found and being held; the next one is opened then. */
  async #held(
    peer: PooledPeer,
    wish: { signal: AbortSignal; addresses: readonly string[]; waitMs: number },
  ): Promise<{ session: Session; release: () => void }> {
    for (;;) {
      const session = await peer.session(wish)
      try {
        return { session, release: session.hold() }
      } catch (error) {
        if (!(error instanceof SessionClosedError)) throw error
      }
    }
  }

  #attach(session: Session): void {
    this.#peer(session.peerId).peer.attach(session)
    const { host } = this.#init
    const idle = host.sessions().filter(one => one.direction === 'outbound' && one.idleMs() > 0)
    if (idle.length <= this.#limits.idleSessions) return
    const idlest = idle.reduce((a, b) => (b.idleMs() > a.idleMs() ? b : a))
    void this.#peer(idlest.peerId).peer.retire(idlest)
  }

  #remember(report: DialReport): void {
    const remembered = this.#peer(report.peer_id)
    const opening = remembered.peer.openings
    if (remembered.dials.opening !== opening) remembered.dials = { opening, reports: [] }
    if (remembered.dials.reports.length < REPORTS) remembered.dials.reports.push(report)
  }

  #peer(peerId: string): Remembered {
    const known = this.#peers.get(peerId)
    if (known !== undefined) {
      this.#peers.delete(peerId)
      this.#peers.set(peerId, known)
      return known
    }
    this.#forgetOldest()
    const { host, addressesOf, clock, random } = this.#init
    const peer = new PooledPeer({
      peerId,
      host,
      addressesOf,
      queue: this.#queue,
      figures: this.#figures,
      clock,
      random,
      limits: this.#limits,
    })
    const made: Remembered = { peer, dials: { opening: 0, reports: [] } }
    this.#peers.set(peerId, made)
    return made
  }

  #forgetOldest(): void {
    if (this.#peers.size < this.#limits.peers) return
    for (const [peerId, { peer }] of this.#peers) {
      if (!peer.isUnused) continue
      this.#peers.delete(peerId)
      return
    }
  }
}
