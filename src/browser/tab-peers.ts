import type { PrivateKey } from '@libp2p/interface'
import type { Clock } from '../shared/clock.ts'
import type { Logger } from '../shared/logger.ts'
import type { PeerEndpoint } from '../shared/mcp/endpoint/peer-endpoint.ts'
import { Discovery } from '../shared/mesh/discovery/discovery.ts'
import { wellKnownSource } from '../shared/mesh/discovery/well-known-source.ts'
import type { MeshHost } from '../shared/mesh/host-contract.ts'
import { TAB_TTL_MS } from '../shared/mesh/peers/announcement-limits.ts'
import { catalogueCid } from '../shared/mesh/peers/catalogues.ts'
import { keepPeerBook } from '../shared/mesh/peers/keep-peer-book.ts'
import { OwnAnnouncement } from '../shared/mesh/peers/own-announcement.ts'
import { LocalPeerBook } from '../shared/mesh/peers/peer-book.ts'
import type { PeerBookStore } from '../shared/mesh/peers/peer-book-store.ts'
import {
  type ExchangePartner,
  PeerExchange,
  TAB_EXCHANGES_EVERY_MS,
} from '../shared/mesh/peers/peer-exchange.ts'
import { verifyAnnouncement } from '../shared/mesh/peers/signed-announcement.ts'
import type { Session } from '../shared/mesh/session-contract.ts'
import { fetchNodeInfo } from './node-info.ts'

/** What a tab knows of others: those that it may work with, not the whole mesh. */
const BOOK_LIMITS = { entries: 500, catalogues: 16 }
const SAVED = 100

/** Milliseconds, and up to twice as many by chance, until the node is asked for others: it knows this tab by then. */
const TALK_LATER_MS = 3_000

/** Where the page came from, when that was its own machine. */
const LOOPBACK_HOST = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

export interface TabPeersInit {
  host: MeshHost
  privateKey: PrivateKey
  nodePeerId: string
  /** Of the node's HTTP server. */
  origin: string
  store: PeerBookStore
  /** Of its node; undefined until that has said it. */
  namespace: () => string | undefined
  version: string
  /** Interface CIDs of its tools. */
  tools: readonly string[]
  labels: readonly string[]
  load: () => { capacity: number; running: number }
  clock: Clock
  logger: Logger
  random: () => number
}

/** A tab's part in the finding of peers: it tells its node where it can be reached, and hears of others from it. */
export class TabPeers {
  readonly book: LocalPeerBook
  readonly exchange: PeerExchange
  readonly #own: OwnAnnouncement
  readonly #discovery: Discovery
  readonly #stops: (() => unknown)[]
  readonly #clock: Clock
  readonly #random: () => number
  readonly #closing = new AbortController()
  #partner: ExchangePartner | undefined

  static async open(init: TabPeersInit): Promise<TabPeers> {
    return new TabPeers(init, await init.store.load())
  }

  private constructor(init: TabPeersInit, saved: Awaited<ReturnType<PeerBookStore['load']>>) {
    const { host, store, namespace, tools, labels, load, clock, logger, random } = init
    const book = new LocalPeerBook({
      ownPeerId: host.peerId,
      from: 'tab',
      verify: async signed => {
        const known = namespace()
        return known === undefined
          ? undefined
          : verifyAnnouncement(signed, { namespace: known, now: clock.now() })
      },
      isGranted: peerId => peerId === init.nodePeerId,
      isHere: () => LOOPBACK_HOST.test(location.hostname),
      limits: BOOK_LIMITS,
      clock,
      random,
    })
    book.restore(saved?.peers ?? [])
    const catalogue_cid = book.learnCatalogue(tools) ?? catalogueCid(tools)
    const own = new OwnAnnouncement({
      privateKey: init.privateKey,
      namespace,
      kind: 'tab',
      agent: `toolmesh/${init.version} tab`,
      facts: () => ({ addresses: host.addresses(), labels, catalogue_cid, ...load() }),
      ttlMs: () => TAB_TTL_MS,
      lastSeq: saved?.own_seq ?? 0,
      clock,
      logger,
    })
    this.#clock = clock
    this.#random = random
    this.book = book
    this.#own = own
    this.exchange = new PeerExchange({
      book,
      own: () => own.current(),
      partners: () => (this.#partner === undefined ? [] : [this.#partner]),
      everyMs: TAB_EXCHANGES_EVERY_MS,
      logger,
      random,
    })
    this.#discovery = new Discovery({
      ownPeerId: host.peerId,
      sources: [this.exchange, wellKnownSource({ origins: [init.origin], ask: fetchNodeInfo })],
      book,
      own,
      whoIs: (address, signal) => host.whoIs(address, signal),
      clock,
      logger,
      random,
    })
    const wake = () => this.#discovery.wake()
    window.addEventListener('online', wake)
    this.#stops = [
      () => window.removeEventListener('online', wake),
      host.onAddresses(() => own.changed()),
      host.onDial(report => book.dialled(report)),
      host.onIdentified((id, addresses) => book.identified(id, addresses)),
      host.onPath(session => book.learned(session.peerId, {})),
      keepPeerBook({ book, store, ownSeq: () => own.seq, most: SAVED, clock, logger }),
    ]
  }

  /** What is said of this tab may have changed. */
  changed(): void {
    this.#own.changed()
  }

  /** A session with a peer began. */
  opened(session: Session, endpoint: PeerEndpoint): void {
    const { peerId } = session
    const partner: ExchangePartner = {
      peerId,
      kind: 'node',
      exchange: (request, signal) => endpoint.exchange(request, signal),
    }
    this.book.connected(peerId, session)
    this.#partner = partner
    // Its namespace, or the load, may be news.
    this.#own.changed()
    const stop = this.#clock.after(TALK_LATER_MS * (1 + this.#random()), () => {
      void this.exchange.met(partner, this.#closing.signal)
    })
    void endpoint.closed.then(() => {
      stop()
      if (this.#partner !== partner) return
      this.#partner = undefined
      this.book.disconnected(peerId)
    })
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#own.close()
    await this.#discovery.close()
    await Promise.all(this.#stops.map(stop => stop()))
    this.book.close()
  }
}
