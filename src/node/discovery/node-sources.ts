/** The sources of peers that a node's settings switch on, and the parts of libp2p that they need. */
import type { Clock } from '../../shared/clock.ts'
import type { Logger } from '../../shared/logger.ts'
import type { Verify } from '../../shared/mesh/discovery/announcement-bytes.ts'
import { type BootstrapPeers, bootstrapPeers } from '../../shared/mesh/discovery/bootstrap-peers.ts'
import { bootstrapSource } from '../../shared/mesh/discovery/bootstrap-source.ts'
import { dhtSource } from '../../shared/mesh/discovery/dht-source.ts'
import type { DiscoverySource, Found } from '../../shared/mesh/discovery/discovery-source.ts'
import { githubSource } from '../../shared/mesh/discovery/github/github-source.ts'
import type { Libp2pSource } from '../../shared/mesh/discovery/libp2p-source.ts'
import { listedSource } from '../../shared/mesh/discovery/listed-source.ts'
import { publicDhtSource } from '../../shared/mesh/discovery/public-dht-source.ts'
import { pubsubSource } from '../../shared/mesh/discovery/pubsub-source.ts'
import { wellKnownSource } from '../../shared/mesh/discovery/well-known-source.ts'
import type { MeshHostOptions } from '../../shared/mesh/host-contract.ts'
import type { PeerBook } from '../../shared/mesh/peers/peer-book-contract.ts'
import { verifyAnnouncement } from '../../shared/mesh/peers/signed-announcement.ts'
import { PUBLIC_SETS } from '../config/public-sets.ts'
import type { Config } from '../config.ts'
import { fetchNodeInfo } from '../node-info.ts'
import { environmentPeers } from './environment-peers.ts'
import { fileRegistry } from './file-registry.ts'
import { mdnsSource } from './mdns-source.ts'

export interface NodeSourcesInit {
  config: Pick<Config, 'p2p' | 'discovery'>
  /** The value of TOOLMESH_BOOTSTRAP_PEERS. */
  environment: string | undefined
  peerId: string
  book: Pick<PeerBook, 'entry'>
  clock: Clock
  logger: Logger
}

export interface NodeSources extends Required<Pick<MeshHostOptions, 'services' | 'peerDiscovery'>> {
  sources: DiscoverySource[]
  /** Peers of the settings and the environment, of which one is kept connected; multiaddrs by peer id. */
  bootstrap: ReadonlyMap<string, readonly string[]>
}

/** Throws InvalidInputError for a listed address that is none. What is switched off is not loaded. */
export async function nodeSources(init: NodeSourcesInit): Promise<NodeSources> {
  const { config, environment, peerId, book, clock, logger } = init
  const { p2p, discovery } = config
  const { namespace } = p2p
  const verify: Verify = signed => verifyAnnouncement(signed, { namespace, now: clock.now() })
  const configured = bootstrapPeers(
    'p2p.bootstrap',
    p2p.bootstrap.filter(item => item.startsWith('/')),
  )
  const origins = p2p.bootstrap.filter(item => item.startsWith('http'))
  const given = discovery.environment ? environmentPeers(environment) : none()
  // One list may be given to all nodes.
  for (const { named } of [given, configured]) named.delete(peerId)
  const bootstrap = new Map([...given.named, ...configured.named])
  const outsiders = bootstrapPeers('p2p.bootstrap', publicAddresses(p2p.bootstrap)).named

  const byLibp2p: Libp2pSource[] = await Promise.all([
    ...(discovery.bootstrap && bootstrap.size + outsiders.size > 0
      ? [bootstrapSource({ peers: bootstrap, outsiders })]
      : []),
    ...(discovery.mdns ? [mdnsSource({ namespace })] : []),
    ...(discovery.dht
      ? [dhtSource({ namespace, peerId, verify, isKnown: id => book.entry(id)?.announcement !== undefined })]
      : []),
    ...(discovery.dht && outsiders.size > 0 ? [publicDhtSource({ namespace, peerId })] : []),
    ...(discovery.pubsub ? [pubsubSource({ namespace, verify, clock })] : []),
  ])
  const byItself: DiscoverySource[] = [
    ...(isEmpty(configured) ? [] : [listedSource('configured', foundOf(configured))]),
    ...(isEmpty(given) ? [] : [listedSource('environment', foundOf(given))]),
    ...(discovery.wellKnown && origins.length > 0 ? [wellKnownSource({ origins, ask: fetchNodeInfo })] : []),
    ...(discovery.file === ''
      ? []
      : [fileRegistry({ path: discovery.file, peerId, now: () => clock.now(), logger })]),
    ...(discovery.github.repository === ''
      ? []
      : [githubSource({ ...discovery.github, namespace, peerId, fetch: globalThis.fetch, clock })]),
  ]
  return {
    sources: [...byItself, ...byLibp2p.map(({ source }) => source)],
    services: Object.assign({}, ...byLibp2p.map(({ services }) => services)),
    peerDiscovery: byLibp2p.flatMap(({ peerDiscovery }) => peerDiscovery ?? []),
    bootstrap: discovery.bootstrap ? bootstrap : new Map(),
  }
}

function none(): BootstrapPeers {
  return { named: new Map(), unnamed: [] }
}

function publicAddresses(bootstrap: readonly string[]): string[] {
  return Object.entries(PUBLIC_SETS).flatMap(([name, addresses]) =>
    bootstrap.includes(name) ? addresses : [],
  )
}

function isEmpty({ named, unnamed }: BootstrapPeers): boolean {
  return named.size === 0 && unnamed.length === 0
}

function foundOf({ named, unnamed }: BootstrapPeers): Found[] {
  const known = [...named].map(([peer_id, addresses]) => ({ peer_id, addresses }))
  return unnamed.length === 0 ? known : [...known, { addresses: unnamed }]
}
