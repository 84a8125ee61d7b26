import type { Path } from '../session-contract.ts'
import type { AnnouncedGroup } from './announced-peers.ts'
import type { PeerAnnouncement, SignedAnnouncement } from './announcement.ts'
import { knownAddresses } from './known-addresses.ts'
import type { PeerAddress } from './peer-address.ts'
import type { KnownAddress, PeerEntry, Standing } from './peer-entry.ts'
import { expiryOf } from './signed-announcement.ts'

/** The session that there is with a peer. */
export interface PeerLink {
  path: Path
  direction: 'inbound' | 'outbound'
}

/** What a peer offered over a session, which it need not have told anybody else. */
export interface SessionOffer {
  labels: readonly string[]
  /** Of this very list, kept while the session lasts: credits change often, and a list is long to hash. */
  tools: readonly { interface_cid: string }[] | undefined
  catalogue_cid: string | undefined
  credits: number
}

/**
 * One peer in the book's memory. Small, as a book holds many: what follows from the announcement is not kept beside
 * it, and an address has a record of its own only when there is more to say of it.
 */
export interface PeerRecord {
  readonly peerId: string
  /** Its newest own word; the addresses in it are read when somebody wants them. */
  announced: { signed: SignedAnnouncement; said: PeerAnnouncement; read?: readonly PeerAddress[] } | undefined
  /** When it will have been silent long enough for all that it announced, epoch milliseconds (GCRA, ITU-T I.371). */
  paidUntil: number
  history: KnownAddress[] | undefined
  offer: SessionOffer | undefined
  agent: string | undefined
  link: PeerLink | undefined
  draining: boolean
  rttMs: number | undefined
  /** It proved its id over a connection that was more than a stranger's visit: we dialled it, or it held a grant. */
  met: boolean
  /** It went over a limit; `until` in epoch milliseconds. */
  barred: { until: number; why: string } | undefined
  firstSeen: number
  lastSeen: number
  /** When it is to be looked at whether it is still worth keeping, epoch milliseconds. */
  due: number
  /** Where it stands among those that announced themselves (announced-peers.ts); without a group it does not. */
  group: AnnouncedGroup | undefined
  place: number
  groupPlace: number
}

export function newRecord(peerId: string, now: number): PeerRecord {
  return {
    peerId,
    announced: undefined,
    paidUntil: 0,
    history: undefined,
    offer: undefined,
    agent: undefined,
    link: undefined,
    draining: false,
    rttMs: undefined,
    met: false,
    barred: undefined,
    firstSeen: now,
    lastSeen: now,
    due: 0,
    group: undefined,
    place: -1,
    groupPlace: -1,
  }
}

/** What is offered over a session counts before what was announced to all. */
export function labelsOf({ offer, announced }: PeerRecord): readonly string[] {
  return offer?.labels ?? announced?.said.labels ?? []
}

export function catalogueOf({ offer, announced }: PeerRecord): string | undefined {
  return offer?.catalogue_cid ?? announced?.said.catalogue_cid
}

export function kindOf(record: PeerRecord): 'node' | 'tab' | undefined {
  if (record.announced !== undefined) return record.announced.said.kind
  if (record.offer === undefined) return undefined
  return record.offer.labels.includes('kind:tab') ? 'tab' : 'node'
}

/** Whether its own word still holds. */
export function isAnnounced({ announced }: PeerRecord, now: number): boolean {
  return announced !== undefined && expiryOf(announced.said) > now
}

export function isBarred({ barred }: PeerRecord, now: number): boolean {
  return barred !== undefined && barred.until > now
}

export function standingOf(record: PeerRecord, isGranted: boolean, now: number): Standing {
  if (isBarred(record, now)) return 'barred'
  if (isGranted) return 'granted'
  return record.met || record.link !== undefined ? 'known' : 'heard'
}

/** As readers see it. */
export function entryOf(record: PeerRecord, standing: Standing): PeerEntry {
  const { peerId, announced, link, rttMs, draining, barred, firstSeen, lastSeen, offer } = record
  const said = announced?.said
  const kind = kindOf(record)
  const agent = said?.agent ?? record.agent
  const catalogue_cid = catalogueOf(record)
  const capacity = said?.capacity ?? offer?.credits
  return {
    peer_id: peerId,
    ...(kind === undefined ? {} : { kind }),
    ...(said?.name === undefined ? {} : { name: said.name }),
    ...(agent === undefined ? {} : { agent }),
    labels: labelsOf(record),
    addresses: knownAddresses(record),
    ...(catalogue_cid === undefined ? {} : { catalogue_cid }),
    ...(capacity === undefined ? {} : { capacity }),
    ...(said === undefined ? {} : { running: said.running }),
    ...(said?.relay === undefined ? {} : { relay: said.relay }),
    ...(rttMs === undefined ? {} : { rtt_ms: rttMs }),
    standing,
    ...(standing === 'barred' && barred !== undefined
      ? { barred_until: barred.until, barred_for: barred.why }
      : {}),
    ...(announced === undefined
      ? {}
      : {
          announcement: {
            ...announced.signed,
            seq: announced.said.seq,
            expires_at: expiryOf(announced.said),
          },
        }),
    connected: link !== undefined,
    draining,
    ...(link === undefined ? {} : { path: link.path, direction: link.direction }),
    first_seen: firstSeen,
    last_seen: lastSeen,
  }
}
