import type { Logger } from '../../logger.ts'
import type { DiscoverySource, Found } from '../discovery/discovery-source.ts'
import type { SignedAnnouncement } from './announcement.ts'
import {
  type ExchangeAnswer,
  type ExchangeRequest,
  MAX_CATALOGUES_ASKED,
  MAX_EXCHANGED,
  MAX_EXCHANGED_CHARS,
  MAX_TOOLS_TOLD,
  type PeersWanted,
} from './exchange-message.ts'
import type { LocalPeerBook } from './peer-book.ts'

/** Milliseconds between two talks of a node with a peer picked at random. */
const EVERY_MS = 60_000
/** The same of a tab: it finds others by its node, and a node may have a thousand of them. */
export const TAB_EXCHANGES_EVERY_MS = 5 * 60_000
/** Other peers that one message tells of unless it was asked for more, and between nodes. */
const TOLD_BY_THE_WAY = 16
const TOLD_BETWEEN_NODES = MAX_EXCHANGED - 1
/** Session peers that are asked at once for somebody, and that hear of a new announcement of ours at once. */
const ASKED = 3
const TOLD_AT_ONCE = 8

/** A peer that there is a session with, and a grant one way or the other. */
export interface ExchangePartner {
  readonly peerId: string
  /** Undefined while it has not said what it is. */
  readonly kind: 'node' | 'tab' | undefined
  /** `toolmesh/peers`. */
  exchange(request: ExchangeRequest, signal: AbortSignal): Promise<ExchangeAnswer>
}

export interface PeerExchangeInit {
  book: Pick<
    LocalPeerBook,
    'sample' | 'list' | 'brief' | 'catalogue' | 'learnCatalogue' | 'missingCatalogues' | 'entry'
  >
  own: () => SignedAnnouncement | undefined
  partners: () => readonly ExchangePartner[]
  /** Milliseconds between two talks by itself, default a minute. */
  everyMs?: number
  logger: Logger
  /** In [0, 1). */
  random: () => number
}

/**
 * Peers with a session tell each other of others: once when the session begins, then once a minute with one of all
 * session peers, picked at random. So the messages that a peer sends and gets are the same number whatever the number
 * of peers, and news still reaches all in a time that grows with its logarithm only (Demers et al., "Epidemic Algorithms
 * for Replicated Database Maintenance", 1987: push-pull).
 */
export class PeerExchange implements DiscoverySource {
  readonly name = 'exchange'
  readonly everyMs: number
  readonly #init: PeerExchangeInit
  #onFound: ((found: Found) => void) | undefined

  constructor(init: PeerExchangeInit) {
    this.#init = init
    this.everyMs = init.everyMs ?? EVERY_MS
  }

  /** Hears what peers tell by themselves, and when a session begins. */
  listen(onFound: (found: Found) => void): () => void {
    this.#onFound = onFound
    return () => {
      this.#onFound = undefined
    }
  }

  /** Talks with one session peer: with a node where there is one, as tabs tell of little but themselves, and that they do unasked. */
  async find(signal: AbortSignal): Promise<Found[]> {
    const [partner] = this.#nodesFirst(1)
    return partner === undefined ? [] : this.#talk(partner, this.#news(partner.kind), signal)
  }

  /** Asks a few session peers for somebody. */
  async ask(want: PeersWanted, signal: AbortSignal): Promise<Found[]> {
    const own = this.#init.own()
    const request = { announcements: own === undefined ? [] : [own], want }
    const talks = this.#nodesFirst(ASKED).map(partner => this.#talk(partner, request, signal))
    const answers = await Promise.allSettled(talks)
    const heard = answers.filter(answer => answer.status === 'fulfilled')
    const refused = answers.find(answer => answer.status === 'rejected')
    if (heard.length === 0 && refused !== undefined) throw refused.reason
    return heard.flatMap(answer => answer.value)
  }

  lookFor(peerId: string, signal: AbortSignal): Promise<Found[]> {
    return this.ask({ peer_id: peerId, max: 1 }, signal)
  }

  /** The peers that this one works with hear of it at once, a bounded number of them; the others by and by. */
  async publish(announcement: SignedAnnouncement, signal: AbortSignal): Promise<void> {
    const talks = this.#some(TOLD_AT_ONCE).map(partner =>
      this.#talk(partner, { announcements: [announcement] }, signal),
    )
    await Promise.allSettled(talks)
  }

  /** A session began, and the peer may be asked: each tells what it knows. */
  async met(partner: ExchangePartner, signal: AbortSignal): Promise<void> {
    try {
      for (const found of await this.#talk(partner, this.#news(partner.kind), signal)) this.#onFound?.(found)
    } catch (error) {
      this.#init.logger('debug', 'a peer told of no others', {
        peer_id: partner.peerId,
        error: String(error),
      })
    }
  }

  /** What `toolmesh/peers` answers to a peer. */
  answer(from: string, { announcements, want, catalogues = [] }: ExchangeRequest): ExchangeAnswer {
    const { book, own } = this.#init
    for (const announcement of announcements) this.#onFound?.({ announcement })
    const me = own()
    const others =
      want === undefined
        ? book.sample(tellable(book.brief(from)?.kind))
        : book
            .list({ ...want, limit: want.max })
            .flatMap(({ announcement, standing }) =>
              announcement === undefined || standing === 'barred'
                ? []
                : [{ text: announcement.text, signature: announcement.signature }],
            )
    const theirs = book.entry(from)?.announcement?.text
    const told = [...(me === undefined ? [] : [me]), ...others.filter(({ text }) => text !== theirs)]
    const lists = this.#lists(catalogues)
    return { announcements: fitting(told), ...(lists.length === 0 ? {} : { catalogues: lists }) }
  }

  async close(): Promise<void> {
    this.#onFound = undefined
  }

  /** One exchange, and one more for catalogues that it named and nobody here knows. */
  async #talk(partner: ExchangePartner, request: ExchangeRequest, signal: AbortSignal): Promise<Found[]> {
    const { announcements, catalogues = [] } = await partner.exchange(request, signal)
    for (const list of catalogues) this.#init.book.learnCatalogue(list)
    const unknown = this.#unknownCatalogues(announcements)
    if (unknown.length > 0) {
      const more = await partner.exchange({ announcements: [], catalogues: unknown }, signal)
      for (const list of more.catalogues ?? []) this.#init.book.learnCatalogue(list)
    }
    return announcements.map(announcement => ({ announcement }))
  }

  #news(kind: ExchangePartner['kind']): ExchangeRequest {
    const { book, own } = this.#init
    const me = own()
    const missing = book.missingCatalogues(MAX_CATALOGUES_ASKED)
    return {
      announcements: fitting([...(me === undefined ? [] : [me]), ...book.sample(tellable(kind))]),
      ...(missing.length === 0 ? {} : { catalogues: missing }),
    }
  }

  #unknownCatalogues(announcements: readonly SignedAnnouncement[]): string[] {
    // Who makes one up has it asked for in vain, from itself.
    const named = announcements.flatMap(({ text }) => CATALOGUE.exec(text)?.[1] ?? [])
    return [...new Set(named)]
      .filter(cid => this.#init.book.catalogue(cid) === undefined)
      .slice(0, MAX_CATALOGUES_ASKED)
  }

  #lists(cids: readonly string[]): string[][] {
    let left = MAX_TOOLS_TOLD
    return cids.flatMap(cid => {
      const list = this.#init.book.catalogue(cid)
      if (list === undefined || list.length > left) return []
      left -= list.length
      return [[...list]]
    })
  }

  /** So many different partners, picked at random; others than nodes only where there are not enough of these. */
  #nodesFirst(count: number): ExchangePartner[] {
    const partners = this.#init.partners()
    const nodes = this.#some(
      count,
      partners.filter(({ kind }) => kind === 'node'),
    )
    const others = partners.filter(({ kind }) => kind !== 'node')
    return [...nodes, ...this.#some(count - nodes.length, others)]
  }

  /** So many different partners, picked at random. */
  #some(count: number, partners = this.#init.partners()): ExchangePartner[] {
    const left = [...partners]
    const picked: ExchangePartner[] = []
    while (picked.length < count && left.length > 0) {
      picked.push(...left.splice(Math.floor(this.#init.random() * left.length), 1))
    }
    return picked
  }
}

/** In canonical JSON a key stands in no other form. */
const CATALOGUE = /"catalogue_cid":"([^"\\]{1,128})"/

/** How many others a peer of this kind is told of: a node passes them on, a tab is on somebody's phone. */
function tellable(kind: ExchangePartner['kind']): number {
  return kind === 'node' ? TOLD_BETWEEN_NODES : TOLD_BY_THE_WAY
}

/** As many of them, from the first on, as one message holds. */
function fitting(announcements: readonly SignedAnnouncement[]): SignedAnnouncement[] {
  let chars = 0
  const fit: SignedAnnouncement[] = []
  for (const announcement of announcements.slice(0, MAX_EXCHANGED)) {
    chars += announcement.text.length
    if (chars > MAX_EXCHANGED_CHARS) break
    fit.push(announcement)
  }
  return fit
}
