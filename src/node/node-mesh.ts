/** The mesh of a node: its host, the peers that it knows, what it does with them, and how it finds more. */
import { join } from 'node:path'
import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type { Authority } from '../shared/authority/authority.ts'
import type { Clock } from '../shared/clock.ts'
import type { Logger } from '../shared/logger.ts'
import type { Surface } from '../shared/mcp/surface.ts'
import { Discovery } from '../shared/mesh/discovery/discovery.ts'
import { keepBootstrapSession } from '../shared/mesh/discovery/keep-bootstrap-session.ts'
import type { MeshHost } from '../shared/mesh/host-contract.ts'
import { keepPeerBook } from '../shared/mesh/peers/keep-peer-book.ts'
import type { OwnAnnouncement } from '../shared/mesh/peers/own-announcement.ts'
import type { LocalPeerBook } from '../shared/mesh/peers/peer-book.ts'
import { PeerExchange } from '../shared/mesh/peers/peer-exchange.ts'
import type { SessionPool } from '../shared/mesh/pool/session-pool-contract.ts'
import { keepPaths } from '../shared/mesh/reach/keep-paths.ts'
import type { ReachabilityReporter } from '../shared/mesh/reach/reachability.ts'
import type { Queue } from '../shared/queue/queue.ts'
import type { Announcement, WorkerLink } from '../shared/queue/work.ts'
import type { AttemptRunner } from '../shared/queue/worker/attempt-runner.ts'
import type { Router } from '../shared/router/router.ts'
import type { Config } from './config.ts'
import { nodeSources } from './discovery/node-sources.ts'
import { Memberships } from './memberships.ts'
import { nodeHost } from './node-host.ts'
import { nodePeers } from './node-peers.ts'
import { PeerSessions } from './peer-sessions.ts'
import { MembershipFile } from './store/membership-file.ts'
import { PeerBookFile } from './store/peer-book-file.ts'
import type { HttpWebSocket } from './transports/http-websocket.ts'
import type { WorkflowMoves } from './workflow-moves.ts'

export interface NodeMeshInit {
  config: Pick<Config, 'dataDir' | 'p2p' | 'discovery' | 'name' | 'limits'>
  /** What it says it is: program, version, runtime. */
  agent: string
  privateKey: PrivateKey
  authority: Authority
  /** The libp2p transport on the HTTP server's port, and its addresses. */
  websockets: HttpWebSocket
  announce: string[]
  /** What peers may call and read here. */
  surface: Surface
  queue: Queue
  /** This node's own workers, and how its queue knows them. */
  runner: AttemptRunner
  own: WorkerLink
  offer: Omit<Announcement, 'credits'>
  moves: WorkflowMoves
  router: Router
  book: LocalPeerBook
  /** The value of TOOLMESH_BOOTSTRAP_PEERS. */
  environment: string | undefined
  clock: Clock
  logger: Logger
}

export interface NodeMesh {
  readonly host: MeshHost
  readonly reachability: ReachabilityReporter
  readonly pool: SessionPool
  readonly sessions: PeerSessions
  readonly memberships: Memberships
  readonly book: LocalPeerBook
  /** What this node says of itself. */
  readonly own: OwnAnnouncement
  readonly discovery: Discovery
  /** Tells all peers that this node is ending. */
  drain(): void
  close(): Promise<void>
}

/** Throws MeshStartError where the host cannot listen. */
export async function nodeMesh(init: NodeMeshInit): Promise<NodeMesh> {
  const { config, agent, privateKey, authority, clock, logger } = init
  const { queue, runner, offer, moves, router, book } = init
  const { dataDir, p2p, discovery: settings } = config
  const random = Math.random
  const peerId = peerIdFromPrivateKey(privateKey).toString()

  // What was known before. It is read before the host listens: who comes from then on is served at once.
  const store = new PeerBookFile(join(dataDir, 'peer-book.json'), logger)
  const saved = await store.load()
  book.restore(saved?.peers ?? [])

  // The host. Its transports ask for whom this node works, which is known when it has joined them.
  let joined: Memberships | undefined
  const worksFor = (id: string) => joined?.worksFor(id) === true
  const { sources, services, peerDiscovery, bootstrap } = await nodeSources({
    config,
    environment: init.environment,
    peerId,
    book,
    clock,
    logger,
  })
  const node = await nodeHost({
    config,
    privateKey,
    gater: authority,
    websockets: init.websockets,
    announce: init.announce,
    services,
    peerDiscovery,
    worksFor,
    isDraining: id => book.brief(id)?.draining === true,
    onBarred: (id, ms, why) => book.bar(id, ms, why),
    clock,
    logger,
  })
  const { host, reachability } = node

  // The peers: a session with each that is wished for, by the best path, and what this node says of itself.
  const peers = nodePeers({
    config,
    node,
    book,
    agent,
    privateKey,
    offer,
    runner,
    lastSeq: saved?.own_seq ?? 0,
    worksFor,
    clock,
    logger,
  })
  const { pool, own, addressesOf } = peers
  const stopSaving = keepPeerBook({ book, store, ownSeq: () => own.seq, clock, logger })
  const stopPaths = keepPaths({
    host,
    addressesOf: id => book.addressesOf(id),
    direct: settings.holepunch,
    clock,
    logger,
    random,
  })

  // What it does with them: serve each session, tell them of each other, work for those that it joined.
  const exchange = settings.exchange
    ? new PeerExchange({
        book,
        own: () => own.current(),
        partners: () => sessions.partners(),
        logger,
        random,
      })
    : undefined
  const sessions: PeerSessions = new PeerSessions({
    host,
    pool,
    surface: init.surface,
    authority,
    owner: queue,
    worker: runner,
    moves,
    router,
    book,
    exchange,
    onDraining: id => memberships.draining(id),
    leasedTo: id => queue.workers().find(worker => worker.peer_id === id)?.running ?? 0,
    clock,
    logger,
    random,
  })
  const memberships: Memberships = new Memberships({
    host,
    pool,
    endpointOf: session => sessions.endpointOf(session),
    queue,
    runner,
    own: init.own,
    offer,
    pull: p2p.pull,
    book,
    addressesOf,
    lookFor: (id, signal) => discovery.lookFor(id, signal),
    file: new MembershipFile(join(dataDir, 'memberships.json')),
    clock,
    logger,
  })
  joined = memberships

  // How it finds more of them.
  const discovery = new Discovery({
    ownPeerId: peerId,
    sources: exchange === undefined ? sources : [exchange, ...sources],
    book,
    own,
    whoIs: (address, signal) => host.whoIs(address, signal),
    clock,
    logger,
    random,
  })
  // Other addresses may mean another network.
  host.onAddresses(() => discovery.wake())
  const stopBootstrap =
    bootstrap.size === 0 ? () => {} : keepBootstrapSession({ pool, peers: bootstrap, clock, random })

  async function close(): Promise<void> {
    stopPaths()
    stopBootstrap()
    sessions.close()
    await discovery.close()
    await memberships.close()
    peers.close()
    await node.close()
    await stopSaving()
  }
  try {
    await memberships.start(p2p.join)
  } catch (error) {
    await close()
    throw error
  }
  return {
    host,
    reachability,
    pool,
    sessions,
    memberships,
    book,
    own,
    discovery,
    drain: () => sessions.tellDraining(),
    close,
  }
}
