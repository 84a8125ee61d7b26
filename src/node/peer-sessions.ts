import type { Authority } from '../shared/authority/authority.ts'
import type { Clock } from '../shared/clock.ts'
import type { Logger } from '../shared/logger.ts'
import {
  openPeerEndpoint,
  type PeerEndpoint,
  type WorkflowAdopter,
} from '../shared/mcp/endpoint/peer-endpoint.ts'
import type { Surface } from '../shared/mcp/surface.ts'
import { SessionClosedError } from '../shared/mesh/errors.ts'
import type { MeshHost } from '../shared/mesh/host-contract.ts'
import { PacedExchange } from '../shared/mesh/peers/paced-exchange.ts'
import type { LocalPeerBook } from '../shared/mesh/peers/peer-book.ts'
import type { ExchangePartner, PeerExchange } from '../shared/mesh/peers/peer-exchange.ts'
import type { SessionPool, UseOptions } from '../shared/mesh/pool/session-pool-contract.ts'
import type { Session } from '../shared/mesh/session-contract.ts'
import { unlessAborted } from '../shared/mesh/unless-aborted.ts'
import type { Announcement, Worker, WorkOwner } from '../shared/queue/work.ts'
import { PeerRuntime } from '../shared/router/peer-runtime.ts'
import type { Router } from '../shared/router/router.ts'

/** Milliseconds, and up to twice as many by chance. */
const TALK_LATER_MS = 3_000

export interface PeerSessionsInit {
  host: MeshHost
  pool: SessionPool
  surface: Surface
  authority: Authority
  owner: WorkOwner
  worker: Worker
  /** Takes workflows that peers hand over, and hears who can be reached. */
  moves?: WorkflowAdopter & { reachable(peerId: string): void; left(peerId: string): void }
  router: Router
  book: LocalPeerBook
  /** Tells peers of each other; left out where that is switched off. */
  exchange?: PeerExchange | undefined
  /** A peer that this node works for is ending: it needs none of its workers. */
  onDraining?: (peerId: string) => void
  /** Leased attempts that run on a peer now: they spend the same credits as our direct calls. */
  leasedTo: (peerId: string) => number
  clock: Clock
  logger: Logger
  /** In [0, 1). */
  random: () => number
}

/** Serves every session of the host: an endpoint each, and a runtime for each peer that announces tools. */
export class PeerSessions {
  readonly #init: PeerSessionsInit
  readonly #endpoints = new Map<Session, PeerEndpoint>()
  readonly #runtimes = new Map<Session, PeerRuntime>()
  readonly #closing = new AbortController()
  readonly #teller: PacedExchange | undefined

  constructor(init: PeerSessionsInit) {
    this.#init = init
    this.#teller =
      init.exchange &&
      new PacedExchange(init.exchange, init.clock, (peerId, { code, message }) => {
        init.host.dropPeer(peerId, { code, message }).catch(error => this.#failed(peerId, error))
      })
    init.host.onSession(session => this.#serve(session))
    // A host listens before all that starts with it has started.
    for (const session of init.host.sessions()) this.#serve(session)
    init.authority.onRevoked(peerId => {
      const reason = { code: 'forbidden', message: 'the grant was revoked' }
      init.host.dropPeer(peerId, reason).catch(error => this.#failed(peerId, error))
    })
  }

  /** The endpoint of an open session of this host. */
  endpointOf(session: Session): PeerEndpoint | undefined {
    return this.#endpoints.get(session)
  }

  /**
   * Runs `work` with the endpoint of a peer that has answered `initialize`; a session is opened for it where there is none.
   * Throws as `SessionPool.use` does.
   */
  use<T>(peerId: string, options: UseOptions, work: (endpoint: PeerEndpoint) => Promise<T>): Promise<T> {
    return this.#init.pool.use(peerId, options, async session => {
      const endpoint = this.#endpoints.get(session)
      if (endpoint === undefined) throw new SessionClosedError(`the session with peer ${peerId} has ended`)
      await unlessAborted(endpoint.ready, options.signal)
      return work(endpoint)
    })
  }

  /** Tells every peer that this node is ending. */
  tellDraining(): void {
    for (const endpoint of this.#endpoints.values()) endpoint.tellDraining()
  }

  /** Those that tell of others: there is a grant one way or the other, and they are not ending. */
  partners(): ExchangePartner[] {
    const { book } = this.#init
    return [...this.#endpoints].flatMap(([{ peerId }, endpoint]) => {
      const known = book.brief(peerId)
      if (known?.standing !== 'granted' || known.draining) return []
      return [partnerOf(peerId, known.kind, endpoint)]
    })
  }

  close(): void {
    this.#closing.abort()
  }

  #serve(session: Session): void {
    const { surface, authority, owner, worker, moves, book, logger } = this.#init
    const endpoint = openPeerEndpoint({
      session,
      surface,
      authority,
      owner,
      worker,
      adopter: moves,
      teller: this.#teller,
      onDraining: () => this.#draining(session),
      onAnnounce: announcement => this.#announced(session, endpoint, announcement),
      logger,
    })
    this.#endpoints.set(session, endpoint)
    book.connected(session.peerId, session)
    this.#getToKnow(session, endpoint).catch(error => {
      this.#failed(session.peerId, error)
      // One that answers pings and does not initialize is good for nothing.
      void session.close({ code: 'unavailable', message: 'the peer did not introduce itself' })
    })
    void endpoint.closed.then(() => this.#ended(session))
  }

  async #getToKnow(session: Session, endpoint: PeerEndpoint): Promise<void> {
    const { host, moves, book } = this.#init
    const { peerId } = session
    await endpoint.ready
    moves?.reachable(peerId)
    const version = endpoint.client.getServerVersion()
    if (version !== undefined) book.learned(peerId, { agent: `${version.name}/${version.version}` })
    book.learned(peerId, { rttMs: await host.ping(peerId) })
    if (session.direction === 'outbound') this.#talkLater(session)
  }

  /**
   * Who announces itself is asked at once for others. The dialler asks a moment later: by then those have come that
   * were started together with it, and what each says of itself is signed.
   */
  #talkLater(session: Session): void {
    const { exchange, clock, random } = this.#init
    if (exchange === undefined) return
    const stop = clock.after(TALK_LATER_MS * (1 + random()), () => {
      const partner = this.partners().find(({ peerId }) => peerId === session.peerId)
      if (partner !== undefined) void exchange.met(partner, this.#closing.signal)
    })
    void session.closed.then(stop)
  }

  /** The peer is ending: what runs goes on, and it gets no more. Its own announcement without credits comes from the endpoint. */
  #draining({ peerId }: Session): void {
    const { book, logger, onDraining } = this.#init
    if (book.brief(peerId)?.draining === true) return
    logger('info', 'a peer is ending', { peer_id: peerId })
    book.learned(peerId, { draining: true })
    onDraining?.(peerId)
  }

  #announced(session: Session, endpoint: PeerEndpoint, announcement: Announcement): void {
    const { book, exchange, router, leasedTo } = this.#init
    const { peerId } = session
    book.offered(peerId, announcement)
    const known = this.#runtimes.get(session)
    if (known !== undefined) {
      known.update(announcement)
      return
    }
    const runtime = new PeerRuntime({
      peerId,
      offer: announcement,
      call: call => endpoint.call(call),
      leased: () => leasedTo(peerId),
    })
    this.#runtimes.set(session, runtime)
    router.add(runtime)
    void exchange?.met(partnerOf(peerId, book.brief(peerId)?.kind, endpoint), this.#closing.signal)
  }

  #ended(session: Session): void {
    const { host, moves, book, router } = this.#init
    this.#endpoints.delete(session)
    this.#runtimes.delete(session)
    if (host.session(session.peerId) !== undefined) return
    moves?.left(session.peerId)
    router.remove(`peer:${session.peerId}`)
    book.disconnected(session.peerId)
  }

  #failed(peerId: string, error: unknown): void {
    this.#init.logger('info', 'a session with a peer failed', { peer_id: peerId, error: String(error) })
  }
}

function partnerOf(peerId: string, kind: ExchangePartner['kind'], endpoint: PeerEndpoint): ExchangePartner {
  return { peerId, kind, exchange: (request, signal) => endpoint.exchange(request, signal) }
}
