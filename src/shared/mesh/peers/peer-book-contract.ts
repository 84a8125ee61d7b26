import type { DialReport } from '../dialling/dial-report.ts'
import type { Found, SourceName } from '../discovery/discovery-source.ts'
import type { SignedAnnouncement } from './announcement.ts'
import type { PeerEntry } from './peer-entry.ts'

/** Who is looked for; all that is given must hold. */
export interface PeerQuery {
  peer_id?: string
  kind?: 'node' | 'tab'
  /** Every one of them. */
  labels?: readonly string[]
  /** It has a tool of this interface CID. */
  tool?: string
  connected?: boolean
  /** At most so many, default 100. */
  limit?: number
}

/** What became of something that was heard. `ignored`: of another namespace, too old, forged or beyond a limit. */
export type Heard = 'new' | 'changed' | 'known' | 'ignored'

/**
 * All that this peer knows of others, as far as the limits allow. It only helps to find peers: who may do what, and
 * who runs what, is never read from here. Contract of `peer-book.ts`, for those who write to it and read it.
 */
export interface PeerBook {
  /** What a source found. Never throws for what a stranger says. */
  hear(found: Found, source: SourceName): Promise<Heard>
  /** What became of a dial. */
  dialled(report: DialReport): void
  /** Multiaddrs of a peer that can be dialled from here, best first: those that worked, by their time, before those not tried. */
  addressesOf(peerId: string): string[]
  entry(peerId: string): PeerEntry | undefined
  /** How many peers are known. */
  readonly size: number
  /** Connected ones first, then by when they were last seen. */
  list(query?: PeerQuery): PeerEntry[]
  /** Interface CIDs of a peer's tools; undefined while its catalogue is not known here. */
  toolsOf(peerId: string): readonly string[] | undefined
  /** Signed announcements that still hold, a random few, for telling others. */
  sample(count: number): SignedAnnouncement[]
  /** Leaves a peer alone for a while: no dial, no sample, its announcements ignored. */
  bar(peerId: string, ms: number, why: string): void
  /** Forgets who was not heard of for `olderThanMs` (default the time to live), but not who is connected or granted: how many. */
  cleanup(olderThanMs?: number): number
  onChange(listener: (peerId: string) => void): () => void
}
