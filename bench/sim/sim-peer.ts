/** One peer of the simulation: its peer book, its exchange and its discovery are the real ones; only its links are not. */
import type { Clock } from '../../src/shared/clock.ts'
import { silentLogger } from '../../src/shared/logger.ts'
import { Discovery } from '../../src/shared/mesh/discovery/discovery.ts'
import type { PeerAnnouncement, SignedAnnouncement } from '../../src/shared/mesh/peers/announcement.ts'
import type { ExchangeAnswer, ExchangeRequest } from '../../src/shared/mesh/peers/exchange-message.ts'
import { LocalPeerBook } from '../../src/shared/mesh/peers/peer-book.ts'
import {
  type ExchangePartner,
  PeerExchange,
  TAB_EXCHANGES_EVERY_MS,
} from '../../src/shared/mesh/peers/peer-exchange.ts'
import type { Links } from './links.ts'
import type { Random } from './random.ts'

/** What a peer says of itself, and how others check it: real signatures, or for large worlds a stand-in. */
export interface Voice {
  current(): SignedAnnouncement | undefined
  onChange(listener: () => void): () => void
  close(): void
}

export interface SimPeerInit {
  id: string
  kind: 'node' | 'tab'
  /** Milliseconds, one way, to the middle of the network. */
  distanceMs: number
  /** Peers that its book holds at most. */
  entries: number
  voice: Voice
  verify: (signed: SignedAnnouncement) => Promise<PeerAnnouncement | undefined>
  links: Links
  clock: Clock
  random: Random
}

export class SimPeer {
  readonly id: string
  readonly kind: 'node' | 'tab'
  readonly distanceMs: number
  readonly book: LocalPeerBook
  readonly exchange: PeerExchange
  readonly #init: SimPeerInit
  readonly #discovery: Discovery
  readonly #partners = new Map<string, ExchangePartner & { far: SimPeer }>()
  readonly #ended = new AbortController()
  alive = true

  constructor(init: SimPeerInit) {
    const { id, kind, distanceMs, entries, voice, verify, clock, random } = init
    this.#init = init
    this.id = id
    this.kind = kind
    this.distanceMs = distanceMs
    this.book = new LocalPeerBook({
      ownPeerId: id,
      verify,
      isGranted: peerId => this.#partners.has(peerId),
      isHere: () => false,
      limits: { entries },
      clock,
      random,
    })
    this.exchange = new PeerExchange({
      book: this.book,
      own: () => voice.current(),
      partners: () => [...this.#partners.values()],
      ...(kind === 'tab' ? { everyMs: TAB_EXCHANGES_EVERY_MS } : {}),
      logger: silentLogger,
      random,
    })
    this.#discovery = new Discovery({
      ownPeerId: id,
      sources: [this.exchange],
      book: this.book,
      own: voice,
      whoIs: () => Promise.reject(new Error('there are no addresses without names here')),
      clock,
      logger: silentLogger,
      random,
    })
  }

  get partners(): SimPeer[] {
    return [...this.#partners.values()].map(({ far }) => far)
  }

  /** A session with another peer begins; `dialled` says who of the two opened it. */
  meet(far: SimPeer, dialled: boolean): void {
    const partner = {
      far,
      peerId: far.id,
      kind: far.kind,
      exchange: (request: ExchangeRequest) => this.#ask(far, request),
    }
    this.#partners.set(far.id, partner)
    this.book.connected(far.id, { path: 'tcp', direction: dialled ? 'outbound' : 'inbound' })
    void this.exchange.met(partner, this.#ended.signal)
  }

  part(far: SimPeer): void {
    this.#partners.delete(far.id)
    this.book.disconnected(far.id)
  }

  async leave(): Promise<void> {
    this.alive = false
    this.#ended.abort()
    this.#init.voice.close()
    this.book.close()
    await this.#discovery.close()
  }

  #ask(far: SimPeer, request: ExchangeRequest): Promise<ExchangeAnswer> {
    return this.#init.links.ask(this, far, request)
  }
}
