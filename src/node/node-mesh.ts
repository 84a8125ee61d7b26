/** The mesh of a node: libp2p on its own ports and on the HTTP server's, a session with each peer, and whom it works for. */
import { join } from 'node:path'
import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type { Authority } from '../shared/authority/authority.ts'
import type { Clock } from '../shared/clock.ts'
import type { Logger } from '../shared/logger.ts'
import type { Surface } from '../shared/mcp/surface.ts'
import { announceEveryMs } from '../shared/mesh/discovery/announce-budget.ts'
import { DHT_PEER_LIMITS } from '../shared/mesh/discovery/dht-peer-limits.ts'
import { Discovery } from '../shared/mesh/discovery/discovery.ts'
import { keepBootstrapSession } from '../shared/mesh/discovery/keep-bootstrap-session.ts'
import { createMeshHost } from '../shared/mesh/host.ts'
import type { MeshHost } from '../shared/mesh/host-contract.ts'
import { DEFAULT_TTL_MS } from '../shared/mesh/peers/announcement-limits.ts'
import { catalogueCid } from '../shared/mesh/peers/catalogues.ts'
import { keepPeerBook } from '../shared/mesh/peers/keep-peer-book.ts'
import { OwnAnnouncement } from '../shared/mesh/peers/own-announcement.ts'
import type { LocalPeerBook } from '../shared/mesh/peers/peer-book.ts'
import { PeerExchange } from '../shared/mesh/peers/peer-exchange.ts'
import { MeshSessionPool } from '../shared/mesh/pool/session-pool.ts'
import type { SessionPool } from '../shared/mesh/pool/session-pool-contract.ts'
import { keepPaths } from '../shared/mesh/reach/path-keeper.ts'
import type { ReachabilityReporter } from '../shared/mesh/reach/reachability.ts'
import { stunServersOf } from '../shared/mesh/reach/stun-servers.ts'
import { throughRelays } from '../shared/mesh/reach/through-relays.ts'
import type { Queue } from '../shared/queue/queue.ts'
import type { Announcement, WorkerLink } from '../shared/queue/work.ts'
import type { AttemptRunner } from '../shared/queue/worker/attempt-runner.ts'
import type { Router } from '../shared/router/router.ts'
import type { Config } from './config.ts'
import { nodeSources } from './discovery/node-sources.ts'
import { MeshStartError } from './errors.ts'
import { tlsFromFiles } from './http/tls-files.ts'
import { Memberships } from './memberships.ts'
import { PeerSessions } from './peer-sessions.ts'
import { nodeReach } from './reach/node-reach.ts'
import { optionalServices } from './reach/optional-services.ts'
import { libp2pDatastore } from './store/libp2p-datastore.ts'
import { MembershipFile } from './store/membership-file.ts'
import { PeerBookFile } from './store/peer-book-file.ts'
import { openStun } from './stun/open-stun.ts'
import type { HttpWebSocket } from './transports/http-websocket.ts'
import { systemResolver } from './transports/name-resolver.ts'
import { nodeTransports, RELAYED_LISTEN } from './transports/node-transports.ts'
import { noiseCrypto } from './transports/noise-crypto.ts'
import { loadQuicDriver } from './transports/webtransport/quic-driver.ts'
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
  const { config, authority, websockets, queue, runner, own: ownWorker, offer, moves, router, book } = init
  const { clock, logger } = init
  const { dataDir, p2p, limits } = config
  const quic = await loadQuicDriver({ clock, random: bytes => crypto.getRandomValues(bytes), logger })
  const ownListen = p2p.listen.filter(address => quic !== undefined || !address.includes('/webtransport'))
  const peerId = peerIdFromPrivateKey(init.privateKey).toString()
  const found = await nodeSources({ config, environment: init.environment, peerId, book, clock, logger })
  const tls = p2p.tlsCert === '' ? undefined : await tlsFromFiles(p2p.tlsCert, p2p.tlsKey)
  const announce = [...init.announce, ...p2p.announce]
  const stun =
    p2p.relay && p2p.stun ? await openStun({ ...p2p, port: p2p.stunPort, clock, logger }) : undefined
  // Transports may ask for these before they are made.
  const later: { host?: MeshHost; memberships?: Memberships } = {}
  const host = await createMeshHost({
    transports: [
      ...nodeTransports({
        quic,
        tls,
        logger,
        mayAskForSlot: id => later.memberships?.worksFor(id) === true && book.brief(id)?.draining !== true,
        stunServers: () => [
          ...p2p.stunServers,
          ...(later.host === undefined ? [] : stunServersOf(later.host)),
        ],
      }),
      websockets.transport,
    ],
    noiseCrypto,
    resolver: systemResolver,
    listen: config.discovery.relay ? [...ownListen, ...RELAYED_LISTEN] : ownListen,
    announce,
    privateKey: init.privateKey,
    gater: authority,
    datastore: await libp2pDatastore(dataDir),
    relayServer: p2p.relay,
    stunPort: () => stun?.port,
    services: { ...found.services, ...(await optionalServices(p2p)) },
    peerDiscovery: found.peerDiscovery,
    ...(config.discovery.dht ? { peerLimits: DHT_PEER_LIMITS } : {}),
    onBarred: (peerId, ms, why) => book.bar(peerId, ms, why),
    limits: {
      relayReservations: limits.relaySlots,
      relayedMs: limits.relayTime,
      relayedBytes: limits.relayBytes,
      relayedBytesPerSecond: limits.relayRate,
    },
    clock,
    logger,
  }).catch(async error => {
    await stun?.close()
    throw new MeshStartError(join(dataDir, 'libp2p'), error)
  })
  later.host = host
  const reachability = nodeReach({ p2p, host, announced: announce, clock, logger, random: Math.random })
  // What is known of peers, what this one says of itself, and how the two come about.
  const store = new PeerBookFile(join(dataDir, 'peer-book.json'), logger)
  const saved = await store.load()
  book.restore(saved?.peers ?? [])
  const relays = (id: string) =>
    book.brief(id)?.relay !== undefined || later.memberships?.worksFor(id) === true
  const addressesOf = (id: string) => [...book.addressesOf(id), ...throughRelays(host, id, relays)]
  const pool = new MeshSessionPool({
    host,
    addressesOf: (peerId, given) => [...given, ...addressesOf(peerId)],
    clock,
    logger,
    random: Math.random,
  })
  pool.onDial(report => book.dialled(report))
  host.onIdentified((id, addresses) => book.identified(id, addresses))
  host.onPath(session => book.learned(session.peerId, {}))
  const catalogue = offer.tools.map(tool => tool.interface_cid)
  const catalogue_cid = book.learnCatalogue(catalogue) ?? catalogueCid(catalogue)
  const own = new OwnAnnouncement({
    privateKey: init.privateKey,
    namespace: () => p2p.namespace,
    kind: 'node',
    agent: init.agent,
    name: config.name,
    facts: () => ({
      addresses: [...reachability.confirmed(), ...host.addresses()],
      labels: offer.labels,
      catalogue_cid,
      capacity: runner.credits,
      running: runner.stats.running,
      relay: p2p.relay ? { ...(stun === undefined ? {} : { stun_port: stun.port }) } : undefined,
    }),
    ttlMs: () => 2 * announceEveryMs(book.size, DEFAULT_TTL_MS / 2),
    lastSeq: saved?.own_seq ?? 0,
    clock,
    logger,
  })
  host.onAddresses(() => own.changed())
  reachability.onChange(() => own.changed())
  const stopFollowing = runner.onChange(() => own.changed())
  const exchange = config.discovery.exchange
    ? new PeerExchange({
        book,
        own: () => own.current(),
        partners: () => sessions.partners(),
        logger,
        random: Math.random,
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
    random: Math.random,
  })
  const discovery = new Discovery({
    ownPeerId: host.peerId,
    sources: exchange === undefined ? found.sources : [exchange, ...found.sources],
    book,
    own,
    whoIs: (address, signal) => host.whoIs(address, signal),
    clock,
    logger,
    random: Math.random,
  })
  // Other addresses may mean another network.
  host.onAddresses(() => discovery.wake())
  const memberships: Memberships = new Memberships({
    host,
    pool,
    endpointOf: session => sessions.endpointOf(session),
    queue,
    runner,
    own: ownWorker,
    offer,
    pull: p2p.pull,
    book,
    addressesOf,
    lookFor: (peerId, signal) => discovery.lookFor(peerId, signal),
    file: new MembershipFile(join(dataDir, 'memberships.json')),
    clock,
    logger,
  })
  later.memberships = memberships
  const stopPaths = keepPaths({
    host,
    addressesOf: id => book.addressesOf(id),
    direct: config.discovery.holepunch,
    clock,
    logger,
    random: Math.random,
  })
  const stopBootstrap =
    found.bootstrap.size === 0
      ? () => {}
      : keepBootstrapSession({ pool, peers: found.bootstrap, clock, random: Math.random })
  const stopKeeping = keepPeerBook({ book, store, ownSeq: () => own.seq, clock, logger })
  async function close(): Promise<void> {
    stopFollowing()
    own.close()
    reachability.close()
    stopPaths()
    stopBootstrap()
    sessions.close()
    await discovery.close()
    await memberships.close()
    pool.close()
    websockets.close()
    await host.close()
    await stun?.close()
    await stopKeeping()
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
