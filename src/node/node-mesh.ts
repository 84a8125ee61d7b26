/** The mesh of a node: libp2p on its own ports and on the HTTP server's, a session with each peer, and whom it works for. */
import { join } from 'node:path'
import type { PrivateKey } from '@libp2p/interface'
import type { Authority } from '../shared/authority/authority.ts'
import type { Clock } from '../shared/clock.ts'
import type { Logger } from '../shared/logger.ts'
import type { Surface } from '../shared/mcp/surface.ts'
import { createMeshHost } from '../shared/mesh/host.ts'
import type { MeshHost } from '../shared/mesh/host-contract.ts'
import type { Queue } from '../shared/queue/queue.ts'
import type { Announcement, WorkerLink } from '../shared/queue/work.ts'
import type { AttemptRunner } from '../shared/queue/worker/attempt-runner.ts'
import type { Router } from '../shared/router/router.ts'
import type { Config } from './config.ts'
import { MeshStartError } from './errors.ts'
import { Memberships } from './memberships.ts'
import type { PeerDirectory } from './peer-directory.ts'
import { PeerSessions } from './peer-sessions.ts'
import { libp2pDatastore } from './store/libp2p-datastore.ts'
import { MembershipFile } from './store/membership-file.ts'
import type { HttpWebSocket } from './transports/http-websocket.ts'
import { nodeTransports } from './transports/node-transports.ts'
import { noiseCrypto } from './transports/noise-crypto.ts'
import type { WorkflowMoves } from './workflow-moves.ts'

export interface NodeMeshInit {
  config: Pick<Config, 'dataDir' | 'p2p'>
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
  directory: PeerDirectory
  clock: Clock
  logger: Logger
}

export interface NodeMesh {
  readonly host: MeshHost
  readonly sessions: PeerSessions
  readonly memberships: Memberships
  close(): Promise<void>
}

/** Throws MeshStartError where the host cannot listen. */
export async function nodeMesh(init: NodeMeshInit): Promise<NodeMesh> {
  const { config, authority, websockets, queue, runner, own, offer, moves, router, directory } = init
  const { clock, logger } = init
  const { dataDir, p2p } = config
  const host = await createMeshHost({
    transports: [...nodeTransports(), websockets.transport],
    noiseCrypto,
    listen: p2p.listen,
    announce: init.announce,
    privateKey: init.privateKey,
    gater: authority,
    datastore: await libp2pDatastore(dataDir),
    relayServer: p2p.relay,
    clock,
    logger,
  }).catch(error => {
    throw new MeshStartError(join(dataDir, 'libp2p'), error)
  })
  const sessions = new PeerSessions({
    host,
    surface: init.surface,
    authority,
    owner: queue,
    worker: runner,
    moves,
    router,
    directory,
    leasedTo: id => queue.workers().find(worker => worker.peer_id === id)?.running ?? 0,
    logger,
  })
  const memberships = new Memberships({
    host,
    endpointOf: session => sessions.endpointOf(session),
    queue,
    runner,
    own,
    offer,
    pull: p2p.pull,
    file: new MembershipFile(join(dataDir, 'memberships.json')),
    clock,
    logger,
    random: Math.random,
  })
  async function close(): Promise<void> {
    await memberships.close()
    websockets.close()
    await host.close()
  }
  try {
    await memberships.start(p2p.join)
  } catch (error) {
    await close()
    throw error
  }
  return { host, sessions, memberships, close }
}
