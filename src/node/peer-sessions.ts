import type { Authority } from '../shared/authority/authority.ts'
import type { Logger } from '../shared/logger.ts'
import {
  openPeerEndpoint,
  type PeerEndpoint,
  type WorkflowAdopter,
} from '../shared/mcp/endpoint/peer-endpoint.ts'
import type { Surface } from '../shared/mcp/surface.ts'
import type { MeshHost } from '../shared/mesh/host-contract.ts'
import type { Session } from '../shared/mesh/session-contract.ts'
import type { Announcement, Worker, WorkOwner } from '../shared/queue/work.ts'
import { PeerRuntime } from '../shared/router/peer-runtime.ts'
import type { Router } from '../shared/router/router.ts'
import type { PeerDirectory } from './peer-directory.ts'

export interface PeerSessionsInit {
  host: MeshHost
  surface: Surface
  authority: Authority
  owner: WorkOwner
  worker: Worker
  /** Takes workflows that peers hand over, and hears who can be reached. */
  moves?: WorkflowAdopter & { reachable(peerId: string): void; left(peerId: string): void }
  router: Router
  directory: PeerDirectory
  /** Leased attempts that run on a peer now: they spend the same credits as our direct calls. */
  leasedTo: (peerId: string) => number
  logger: Logger
}

/** Serves every session of the host: an endpoint each, and a runtime for each peer that announces tools. */
export class PeerSessions {
  readonly #init: PeerSessionsInit
  readonly #endpoints = new Map<Session, PeerEndpoint>()
  readonly #runtimes = new Map<Session, PeerRuntime>()

  constructor(init: PeerSessionsInit) {
    this.#init = init
    init.host.onSession(session => this.#serve(session))
    init.authority.onRevoked(peerId => {
      const reason = { code: 'forbidden', message: 'the grant was revoked' }
      init.host.dropPeer(peerId, reason).catch(error => this.#failed(peerId, error))
    })
  }

  /** The endpoint of an open session of this host. */
  endpointOf(session: Session): PeerEndpoint | undefined {
    return this.#endpoints.get(session)
  }

  /** The endpoint of the session with a peer. */
  endpointWith(peerId: string): PeerEndpoint | undefined {
    const session = this.#init.host.session(peerId)
    return session === undefined ? undefined : this.#endpoints.get(session)
  }

  #serve(session: Session): void {
    const { surface, authority, owner, worker, moves, directory, logger } = this.#init
    const endpoint = openPeerEndpoint({
      session,
      surface,
      authority,
      owner,
      worker,
      adopter: moves,
      onAnnounce: announcement => this.#announced(session, endpoint, announcement),
      logger,
    })
    this.#endpoints.set(session, endpoint)
    directory.joined(session)
    this.#getToKnow(session, endpoint).catch(error => this.#failed(session.peerId, error))
    void endpoint.closed.then(() => this.#ended(session))
  }

  async #getToKnow(session: Session, endpoint: PeerEndpoint): Promise<void> {
    const { host, moves, directory } = this.#init
    await endpoint.ready
    moves?.reachable(session.peerId)
    const version = endpoint.client.getServerVersion()
    if (version !== undefined) directory.joined(session, `${version.name}/${version.version}`)
    await host.ping(session.peerId)
    directory.touched()
  }

  #announced(session: Session, endpoint: PeerEndpoint, announcement: Announcement): void {
    const { directory, router, leasedTo } = this.#init
    const { peerId } = session
    directory.announced(peerId, announcement)
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
  }

  #ended(session: Session): void {
    const { host, moves, directory, router } = this.#init
    this.#endpoints.delete(session)
    this.#runtimes.delete(session)
    if (host.session(session.peerId) !== undefined) return
    moves?.left(session.peerId)
    router.remove(`peer:${session.peerId}`)
    directory.left(session)
  }

  #failed(peerId: string, error: unknown): void {
    this.#init.logger('info', 'a session with a peer failed', { peer_id: peerId, error: String(error) })
  }
}
