/** The libp2p host of a node: what it listens on, by what it dials, and how it can be reached. */
import { join } from 'node:path'
import type { PrivateKey } from '@libp2p/interface'
import type { Clock } from '../shared/clock.ts'
import type { Logger } from '../shared/logger.ts'
import { DHT_PEER_LIMITS } from '../shared/mesh/discovery/dht-peer-limits.ts'
import { createMeshHost } from '../shared/mesh/host.ts'
import type { MeshGate, MeshHost, MeshHostOptions } from '../shared/mesh/host-contract.ts'
import type { AskedReachability } from '../shared/mesh/reach/asked-reachability.ts'
import { stunServersOf } from '../shared/mesh/reach/stun-servers.ts'
import type { Config } from './config.ts'
import { MeshStartError } from './errors.ts'
import { tlsFromFiles } from './http/tls-files.ts'
import { nodeReach } from './reach/node-reach.ts'
import { optionalServices } from './reach/optional-services.ts'
import { libp2pDatastore } from './store/libp2p-datastore.ts'
import { openStun } from './stun/open-stun.ts'
import type { HttpWebSocket } from './transports/http-websocket.ts'
import { systemResolver } from './transports/name-resolver.ts'
import { nodeTransports, RELAYED_LISTEN } from './transports/node-transports.ts'
import { noiseCrypto } from './transports/noise-crypto.ts'
import { loadQuicDriver } from './transports/webtransport/quic-driver.ts'

export interface NodeHostInit extends Required<Pick<MeshHostOptions, 'peerDiscovery' | 'onBarred'>> {
  config: Pick<Config, 'dataDir' | 'p2p' | 'discovery' | 'limits'>
  privateKey: PrivateKey
  gater: MeshGate
  /** The libp2p transport on the HTTP server's port, and its addresses. */
  websockets: HttpWebSocket
  announce: readonly string[]
  /** Parts of libp2p that discovery needs. */
  services: NonNullable<MeshHostOptions['services']>
  /** Whether this node works for a peer, which then relays for it if it relays. */
  worksFor: (peerId: string) => boolean
  /** Whether a peer is ending. */
  isDraining: (peerId: string) => boolean
  clock: Clock
  logger: Logger
}

export interface NodeHost {
  readonly host: MeshHost
  readonly reachability: AskedReachability
  /** UDP port at which STUN is answered. */
  readonly stunPort: number | undefined
  close(): Promise<void>
}

/** Throws MeshStartError where the host cannot listen. */
export async function nodeHost(init: NodeHostInit): Promise<NodeHost> {
  const { config, privateKey, gater, websockets, services, peerDiscovery, worksFor, isDraining, onBarred } =
    init
  const { clock, logger } = init
  const { dataDir, p2p, discovery, limits } = config
  const quic = await loadQuicDriver({ clock, random: bytes => crypto.getRandomValues(bytes), logger })
  const tls = p2p.tlsCert === '' ? undefined : await tlsFromFiles(p2p.tlsCert, p2p.tlsKey)
  const listen = p2p.listen.filter(address => quic !== undefined || !address.includes('/webtransport'))
  const announce = [...init.announce, ...p2p.announce]
  const datastore = await libp2pDatastore(dataDir)
  const added = await optionalServices(p2p)
  const stun =
    p2p.relay && p2p.stun
      ? await openStun({ listen: p2p.listen, port: p2p.stunPort, clock, logger })
      : undefined
  const trusts = (id: string) => gater.isGranted(id) || worksFor(id)
  // A transport may ask before the host is made.
  let made: MeshHost | undefined
  const relaysWithStun = () => (made === undefined ? [] : stunServersOf(made, ({ peerId }) => trusts(peerId)))
  const host = await createMeshHost({
    transports: [
      ...nodeTransports({
        quic,
        tls,
        logger,
        mayAskForSlot: id => worksFor(id) && !isDraining(id),
        stunServers: () => [...p2p.stunServers, ...relaysWithStun()],
      }),
      websockets.transport,
    ],
    noiseCrypto,
    resolver: systemResolver,
    listen: discovery.relay ? [...listen, ...RELAYED_LISTEN] : listen,
    announce,
    privateKey,
    gater,
    datastore,
    relayServer: p2p.relay,
    stunPort: () => stun?.port,
    services: { ...services, ...added },
    peerDiscovery,
    ...(discovery.dht ? { peerLimits: DHT_PEER_LIMITS } : {}),
    onBarred,
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
  made = host
  const reachability = nodeReach({
    p2p,
    host,
    announced: announce,
    trusts,
    clock,
    logger,
    random: Math.random,
  })
  return {
    host,
    reachability,
    stunPort: stun?.port,
    async close() {
      reachability.close()
      websockets.close()
      await host.close()
      await stun?.close()
    },
  }
}
