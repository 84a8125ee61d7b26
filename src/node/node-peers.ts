/** How a node's peer book, its dials and its own announcement go together: whom it can reach, and what it says of itself. */
import type { PrivateKey } from '@libp2p/interface'
import type { Clock } from '../shared/clock.ts'
import type { Logger } from '../shared/logger.ts'
import { announceEveryMs } from '../shared/mesh/discovery/announce-budget.ts'
import { DEFAULT_TTL_MS } from '../shared/mesh/peers/announcement-limits.ts'
import { catalogueCid } from '../shared/mesh/peers/catalogues.ts'
import { OwnAnnouncement } from '../shared/mesh/peers/own-announcement.ts'
import type { LocalPeerBook } from '../shared/mesh/peers/peer-book.ts'
import { MeshSessionPool } from '../shared/mesh/pool/session-pool.ts'
import { throughRelays } from '../shared/mesh/reach/through-relays.ts'
import type { Announcement } from '../shared/queue/work.ts'
import type { AttemptRunner } from '../shared/queue/worker/attempt-runner.ts'
import type { Config } from './config.ts'
import type { NodeHost } from './node-host.ts'

export interface NodePeersInit {
  config: Pick<Config, 'p2p' | 'name'>
  node: NodeHost
  book: LocalPeerBook
  /** What it says it is: program, version, runtime. */
  agent: string
  privateKey: PrivateKey
  offer: Omit<Announcement, 'credits'>
  runner: AttemptRunner
  /** Of the last announcement before this start. */
  lastSeq: number
  /** Whether this node works for a peer, which then relays for it if it relays. */
  worksFor: (peerId: string) => boolean
  clock: Clock
  logger: Logger
}

export interface NodePeers {
  readonly pool: MeshSessionPool
  /** What this node says of itself. */
  readonly own: OwnAnnouncement
  /** Where a peer may be: by the book, and by the relays that both may have. */
  addressesOf(peerId: string): string[]
  close(): void
}

export function nodePeers(init: NodePeersInit): NodePeers {
  const { config, node, book, offer, runner, worksFor, clock, logger } = init
  const { host, reachability, stunPort } = node
  const isRelay = (id: string) => book.brief(id)?.relay !== undefined || worksFor(id)
  const addressesOf = (id: string) => [...book.addressesOf(id), ...throughRelays(host, id, isRelay)]
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
  const relay = stunPort === undefined ? {} : { stun_port: stunPort }
  const own = new OwnAnnouncement({
    privateKey: init.privateKey,
    namespace: () => config.p2p.namespace,
    kind: 'node',
    agent: init.agent,
    name: config.name,
    facts: () => ({
      addresses: [...reachability.confirmed(), ...host.addresses()],
      labels: offer.labels,
      catalogue_cid,
      capacity: runner.credits,
      running: runner.stats.running,
      relay: config.p2p.relay ? relay : undefined,
    }),
    ttlMs: () => 2 * announceEveryMs(book.size, DEFAULT_TTL_MS / 2),
    lastSeq: init.lastSeq,
    clock,
    logger,
  })
  host.onAddresses(() => own.changed())
  reachability.onChange(() => own.changed())
  const stopFollowing = runner.onChange(() => own.changed())
  return {
    pool,
    own,
    addressesOf,
    close() {
      stopFollowing()
      own.close()
      pool.close()
    },
  }
}
