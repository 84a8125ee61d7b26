import type { Clock } from '../../clock.ts'
import { dialOrder } from '../dialling/dial-order.ts'
import type { DialReport } from '../dialling/dial-report.ts'
import type { Found, SourceName } from '../discovery/discovery-source.ts'
import { AnnouncedPeers } from './announced-peers.ts'
import type { PeerAnnouncement, SignedAnnouncement } from './announcement.ts'
import { MAX_WORD_CHARS } from './announcement-limits.ts'
import { Catalogues } from './catalogues.ts'
import { KeptPeers } from './kept-peers.ts'
import { dialled, forgetIdentified, inDialOrder, knownAddresses, told } from './known-addresses.ts'
import { dialAddress, readPeerAddress } from './peer-address.ts'
import type { Heard, PeerBook, PeerQuery } from './peer-book-contract.ts'
import { DEFAULT_PEER_BOOK_LIMITS, type PeerBookLimits } from './peer-book-limits.ts'
import type { AddressSource, PeerEntry } from './peer-entry.ts'
import {
  catalogueOf,
  entryOf,
  isAnnounced,
  isBarred,
  kindOf,
  labelsOf,
  newRecord,
  type PeerLink,
  type PeerRecord,
  standingOf,
} from './peer-record.ts'
import { fromSaved, type SavedPeer, toSaved } from './saved-peer.ts'

/** Peers in one answer unless more or fewer are asked for. */
const LISTED = 100
/** Tries to find one announcement for a sample: those that are over or barred are passed by. */
const SAMPLE_TRIES = 4

export interface PeerBookInit {
  ownPeerId: string
  /** What this peer is, for the ways that it can dial by. Default: a node. */
  from?: 'node' | 'tab'
  /** What a signed announcement says, when it holds (signed-announcement.ts). */
  verify: (signed: SignedAnnouncement) => Promise<PeerAnnouncement | undefined>
  /** Whether a peer holds a grant here or gave this one a grant. */
  isGranted: (peerId: string) => boolean
  /** Whether a peer with these addresses runs on this machine, so that its loopback addresses are good here. */
  isHere: (addresses: readonly string[]) => boolean
  limits?: Partial<PeerBookLimits>
  clock: Clock
  /** In [0, 1). */
  random: () => number
}

/**
 * The peer book in memory. Every event costs the same however many peers are known; only lists look at all. There is
 * one timer, for the peer whose time is over next.
 */
export class LocalPeerBook implements PeerBook {
  readonly #init: PeerBookInit
  readonly #limits: PeerBookLimits
  readonly #from: 'node' | 'tab'
  readonly #peers: KeptPeers
  readonly #catalogues: Catalogues
  readonly #connected = new Set<PeerRecord>()
  readonly #announced: AnnouncedPeers
  readonly #listeners = new Set<(peerId: string) => void>()
  readonly #newsListeners = new Set<(peerId: string) => void>()
  #alarm: { at: number; stop: () => void } | undefined

  constructor(init: PeerBookInit) {
    this.#init = init
    this.#from = init.from ?? 'node'
    this.#limits = { ...DEFAULT_PEER_BOOK_LIMITS, ...init.limits }
    this.#catalogues = new Catalogues(this.#limits)
    this.#announced = new AnnouncedPeers(init.random)
    this.#peers = new KeptPeers({
      entries: this.#limits.entries,
      isGranted: init.isGranted,
      onForgotten: record => {
        this.#announced.remove(record)
        this.#changed(record)
      },
    })
  }

  get size(): number {
    return this.#peers.size
  }

  async hear(found: Found, source: SourceName): Promise<Heard> {
    if ('announcement' in found) return this.#hearAnnouncement(found.announcement)
    return found.peer_id === undefined ? 'ignored' : this.#hearOf(found.peer_id, found.addresses, source)
  }

  /** Calls `listener` when there is news of where a peer is; the returned function ends it. */
  onNews(listener: (peerId: string) => void): () => void {
    this.#newsListeners.add(listener)
    return () => this.#newsListeners.delete(listener)
  }

  /** A session with a peer is open. */
  connected(peerId: string, link: PeerLink): void {
    const record = this.#record(peerId)
    if (record === undefined) return
    record.link = link
    if (link.direction === 'outbound') record.met = true
    record.draining = false
    this.#connected.add(record)
    this.#seen(record)
  }

  /** The session has ended; its last smoothed round trip is kept. */
  disconnected(peerId: string): void {
    const record = this.#peers.get(peerId)
    if (record?.link === undefined) return
    record.link = undefined
    record.draining = false
    if (record.offer !== undefined) record.offer.tools = undefined
    // A stranger that only came by counts for no more than one that was told of: else strangers could fill the book.
    if (this.#init.isGranted(peerId)) record.met = true
    this.#connected.delete(record)
    this.#seen(record)
  }

  /** What a peer said of itself over a session: who it is, how far it is, what it offers. */
  learned(peerId: string, news: { agent?: string; rttMs?: number; draining?: boolean }): void {
    const record = this.#peers.get(peerId)
    if (record === undefined) return
    // Strangers too say who they are, and records outlive sessions: what is longer than an announced one is not kept.
    if (news.agent !== undefined && news.agent.length <= MAX_WORD_CHARS) record.agent = news.agent
    record.rttMs = news.rttMs ?? record.rttMs
    record.draining = record.link !== undefined && (news.draining ?? record.draining)
    this.#seen(record)
  }

  /** What a peer announced to us over a session as our worker. */
  offered(
    peerId: string,
    offer: { labels: readonly string[]; tools: readonly { interface_cid: string }[]; credits: number },
  ): void {
    const record = this.#record(peerId)
    if (record === undefined) return
    const { labels, tools, credits } = offer
    const catalogue_cid =
      record.offer?.tools === tools
        ? record.offer.catalogue_cid
        : this.learnCatalogue(tools.map(tool => tool.interface_cid))
    record.offer = { labels, tools, catalogue_cid, credits }
    this.#seen(record)
  }

  /**
   * Where a peer that holds a grant, or gave one, says over its connection that it listens, in place of what it said so
   * before; its announcement says it better. Strangers leave no trace.
   */
  identified(peerId: string, addresses: readonly string[]): void {
    const { isGranted, clock } = this.#init
    if (!isGranted(peerId)) return
    const record = this.#peers.get(peerId)
    if (record !== undefined) forgetIdentified(record)
    if (record === undefined || !isAnnounced(record, clock.now()))
      this.#hearOf(peerId, addresses, 'identified')
  }

  dialled(report: DialReport): void {
    const { peer_id, outcome } = report
    const record = outcome === 'connected' ? this.#record(peer_id) : this.#peers.get(peer_id)
    if (record === undefined) return
    dialled(record, report, this.#room())
    if (outcome === 'connected') this.#seen(record)
    else this.#changed(record)
  }

  addressesOf(peerId: string): string[] {
    const record = this.#peers.get(peerId)
    if (record === undefined || isBarred(record, this.#init.clock.now())) return []
    const known = knownAddresses(record)
    const isHere = this.#init.isHere(known.map(({ address }) => address))
    return inDialOrder(known, { from: this.#from, isHere }).map(({ address }) => dialAddress(address, peerId))
  }

  entry(peerId: string): PeerEntry | undefined {
    const record = this.#peers.get(peerId)
    return record === undefined ? undefined : this.#entry(record)
  }

  /** What is asked for often, without its addresses. */
  brief(peerId: string): Pick<PeerEntry, 'kind' | 'standing' | 'draining' | 'relay'> | undefined {
    const { isGranted, clock } = this.#init
    const record = this.#peers.get(peerId)
    if (record === undefined) return undefined
    const kind = kindOf(record)
    const standing = standingOf(record, isGranted(peerId), clock.now())
    const relay = record.announced?.said.relay
    return {
      standing,
      draining: record.draining,
      ...(kind === undefined ? {} : { kind }),
      ...(relay === undefined ? {} : { relay }),
    }
  }

  list(query: PeerQuery = {}): PeerEntry[] {
    const holding = query.tool === undefined ? undefined : this.#catalogues.holding(query.tool)
    const one = query.peer_id === undefined ? undefined : this.#peers.get(query.peer_id)
    const among = query.peer_id === undefined ? [...this.#peers.all()] : one === undefined ? [] : [one]
    return among
      .filter(record => fits(record, query, holding))
      .sort(
        (a, b) =>
          Number(b.link !== undefined) - Number(a.link !== undefined) ||
          b.lastSeen - a.lastSeen ||
          a.firstSeen - b.firstSeen,
      )
      .slice(0, query.limit ?? LISTED)
      .map(record => this.#entry(record))
  }

  /** How many there is a session with. */
  counts(): { nodes: number; tabs: number } {
    let tabs = 0
    for (const record of this.#connected) if (kindOf(record) === 'tab') tabs += 1
    return { nodes: this.#connected.size - tabs, tabs }
  }

  toolsOf(peerId: string): readonly string[] | undefined {
    const record = this.#peers.get(peerId)
    const cid = record === undefined ? undefined : catalogueOf(record)
    return cid === undefined ? undefined : this.#catalogues.get(cid)
  }

  /** The sorted interface CIDs of a catalogue. */
  catalogue(cid: string): readonly string[] | undefined {
    return this.#catalogues.get(cid)
  }

  /** Keeps a list of interface CIDs and gives its CID; undefined for one that is too long. */
  learnCatalogue(interfaceCids: readonly string[]): string | undefined {
    return this.#catalogues.learn(interfaceCids)
  }

  /** CIDs of catalogues that peers announced and whose lists nobody told yet. */
  missingCatalogues(max: number): string[] {
    return this.#catalogues.missing(max)
  }

  sample(count: number): SignedAnnouncement[] {
    const now = this.#init.clock.now()
    const picked = new Set(this.#announced.size <= count ? this.#announced.all() : [])
    const most = Math.min(count, this.#announced.size)
    for (let turn = 0; turn < count * SAMPLE_TRIES && picked.size < most; turn++) {
      const record = this.#announced.pick(turn)
      if (record !== undefined && isAnnounced(record, now) && !isBarred(record, now)) picked.add(record)
    }
    return [...picked].flatMap(record =>
      record.announced === undefined || !isAnnounced(record, now) || isBarred(record, now)
        ? []
        : [record.announced.signed],
    )
  }

  bar(peerId: string, ms: number, why: string): void {
    const record = this.#record(peerId)
    if (record === undefined) return
    record.barred = { until: this.#init.clock.now() + ms, why }
    this.#seen(record)
  }

  cleanup(olderThanMs: number = this.#limits.ttlMs): number {
    const before = this.#init.clock.now() - olderThanMs
    const old = [...this.#peers.all()].filter(
      record =>
        record.link === undefined && record.lastSeen <= before && !this.#init.isGranted(record.peerId),
    )
    for (const record of old) this.#peers.forget(record)
    this.#arm()
    return old.length
  }

  onChange(listener: (peerId: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The peers that are worth most, at most so many: granted, connected, met, then those seen last. */
  saved(most: number): SavedPeer[] {
    const worth = (record: PeerRecord) =>
      this.#init.isGranted(record.peerId) ? 3 : record.link !== undefined ? 2 : record.met ? 1 : 0
    return [...this.#peers.all()]
      .map(record => ({ record, worth: worth(record) }))
      .sort((a, b) => b.worth - a.worth || b.record.lastSeen - a.record.lastSeen)
      .slice(0, most)
      .map(({ record }) => toSaved(record))
  }

  /** Takes in what was saved; what is known by now counts for more. */
  restore(saved: readonly SavedPeer[]): void {
    // The best ones last, so that they are the last to go.
    for (const one of saved.toReversed()) {
      if (this.#peers.get(one.peer_id) !== undefined || one.peer_id === this.#init.ownPeerId) continue
      const record = fromSaved(one)
      if (record === undefined || !this.#peers.add(record)) continue
      if (record.announced !== undefined) this.#catalogues.named(record.announced.said.catalogue_cid)
      this.#announced.put(record)
      this.#peers.touch(record, this.#init.clock.now() + this.#limits.ttlMs)
    }
    this.#arm()
  }

  close(): void {
    this.#alarm?.stop()
    this.#listeners.clear()
    this.#newsListeners.clear()
  }

  async #hearAnnouncement(signed: SignedAnnouncement): Promise<Heard> {
    const { ownPeerId, clock, verify } = this.#init
    const claimed = claimedPeer(signed)
    if (claimed === undefined || claimed === ownPeerId) return 'ignored'
    const early = this.#verdictOn(claimed, signed)
    if (early !== undefined) return early
    const said = await verify(signed)
    if (said === undefined || said.peer_id !== claimed) return 'ignored'
    // Another one of the same peer may have been read meanwhile.
    const late = this.#verdictOn(claimed, signed, said)
    if (late !== undefined) return late
    const isNew = this.#peers.get(claimed) === undefined
    const record = this.#record(claimed)
    if (record === undefined) return 'ignored'
    const now = clock.now()
    record.announced = { signed, said }
    record.paidUntil = Math.max(record.paidUntil, now) + this.#limits.announcementEveryMs
    this.#catalogues.named(said.catalogue_cid)
    this.#announced.put(record)
    this.#seen(record, Math.max(isNew ? 0 : record.lastSeen, Math.min(said.issued_at, now)))
    this.#tellNews(claimed)
    return isNew ? 'new' : 'changed'
  }

  /** What becomes of an announcement by what is known already; undefined where it has to be read, or is taken. */
  #verdictOn(peerId: string, signed: SignedAnnouncement, said?: PeerAnnouncement): Heard | undefined {
    const now = this.#init.clock.now()
    const record = this.#peers.get(peerId)
    if (record === undefined) return undefined
    if (isBarred(record, now)) return 'ignored'
    const { announced } = record
    if (announced === undefined || !isAnnounced(record, now)) return undefined
    if (announced.signed.text === signed.text) return 'known'
    const { announcementEveryMs, announcementsAtOnce } = this.#limits
    if (record.paidUntil - now > announcementEveryMs * (announcementsAtOnce - 1)) return 'ignored'
    return said !== undefined && said.seq <= announced.said.seq ? 'ignored' : undefined
  }

  #hearOf(peerId: string, addresses: readonly string[], source: AddressSource): Heard {
    if (peerId === this.#init.ownPeerId) return 'ignored'
    const known = this.#peers.get(peerId)
    if (known !== undefined && isBarred(known, this.#init.clock.now())) return 'ignored'
    const good = this.#best(addresses).flatMap(text => {
      const read = readPeerAddress(text, peerId)
      return read === undefined ? [] : [read]
    })
    if (good.length === 0) return 'ignored'
    const record = this.#record(peerId)
    if (record === undefined) return 'ignored'
    const before = record.history?.length ?? 0
    for (const read of good) told(record, read, source, this.#room())
    this.#seen(record)
    if (known !== undefined && (record.history?.length ?? 0) === before) return 'known'
    this.#tellNews(peerId)
    return known === undefined ? 'new' : 'changed'
  }

  /** As many as are kept, of each way some. */
  #best(addresses: readonly string[]): readonly string[] {
    const { addresses: most } = this.#limits
    return addresses.length <= most ? addresses : dialOrder(addresses, this.#from).slice(0, most)
  }

  /** The record of a peer, made where there is none; undefined for this peer itself, and where there is no room. */
  #record(peerId: string): PeerRecord | undefined {
    const known = this.#peers.get(peerId)
    if (known !== undefined || peerId === this.#init.ownPeerId) return known
    const record = newRecord(peerId, this.#init.clock.now())
    return this.#peers.add(record) ? record : undefined
  }

  #seen(record: PeerRecord, at = this.#init.clock.now()): void {
    record.lastSeen = at
    this.#peers.touch(record, this.#init.clock.now() + this.#limits.ttlMs)
    this.#arm()
    this.#changed(record)
  }

  #entry(record: PeerRecord): PeerEntry {
    const { isGranted, clock } = this.#init
    return entryOf(record, standingOf(record, isGranted(record.peerId), clock.now()))
  }

  #room(): { now: number; most: number } {
    return { now: this.#init.clock.now(), most: this.#limits.addresses }
  }

  #arm(): void {
    const { clock } = this.#init
    const at = this.#peers.due
    // A later time than the one waited for is found out when that one comes.
    if (at === undefined || (this.#alarm !== undefined && this.#alarm.at <= at)) return
    this.#alarm?.stop()
    this.#alarm = { at, stop: clock.after(Math.max(0, at - clock.now()), () => this.#sweep()) }
  }

  /** Whoever still counts stands in line again. */
  #sweep(): void {
    this.#alarm = undefined
    const { clock, isGranted } = this.#init
    const now = clock.now()
    for (const record of this.#peers.overdue(now)) {
      const counts = isGranted(record.peerId) || isAnnounced(record, now) || isBarred(record, now)
      if (counts) this.#peers.touch(record, now + this.#limits.ttlMs)
      else this.#peers.forget(record)
    }
    this.#arm()
  }

  #tellNews(peerId: string): void {
    for (const listener of this.#newsListeners) listener(peerId)
  }

  #changed({ peerId }: PeerRecord): void {
    for (const listener of this.#listeners) listener(peerId)
  }
}

/** Whose an announcement says it is; in canonical JSON a key stands in no other form. */
function claimedPeer({ text }: SignedAnnouncement): string | undefined {
  return /"peer_id":"([^"\\]{1,128})"/.exec(text)?.[1]
}

function fits(record: PeerRecord, query: PeerQuery, holding: ReadonlySet<string> | undefined): boolean {
  const { kind, labels = [], connected } = query
  if (kind !== undefined && kindOf(record) !== kind) return false
  if (connected !== undefined && (record.link !== undefined) !== connected) return false
  const cid = catalogueOf(record)
  if (holding !== undefined && (cid === undefined || !holding.has(cid))) return false
  const own = labelsOf(record)
  return labels.every(label => own.includes(label))
}
