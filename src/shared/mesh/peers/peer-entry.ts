import type { SourceName } from '../discovery/discovery-source.ts'
import type { Path } from '../session-contract.ts'
import type { SignedAnnouncement } from './announcement.ts'

/** Who told of an address: the peer itself (signed, or over its connection), or a source's bare word. */
export type AddressSource = SourceName | 'announced' | 'identified' | 'connection'

export interface KnownAddress {
  /** Multiaddr without the peer's own id at its end. */
  address: string
  path: Path
  sources: AddressSource[]
  /** Epoch milliseconds when it was last heard of; of the last dial that worked, and that did not. */
  heard_at: number
  last_success?: number
  last_failure?: number
  /** Dials that failed since one worked. */
  failures: number
  /** Milliseconds of a dial, smoothed. */
  dial_ms?: number
}

/**
 * How far a peer is to be believed: `granted` holds a grant here or gave one, `known` proved its id over a connection,
 * `heard` is only told of, `barred` went over a limit and is left alone for a while.
 */
export type Standing = 'granted' | 'known' | 'heard' | 'barred'

/** All that is known of one peer. Times are epoch milliseconds. */
export interface PeerEntry {
  peer_id: string
  kind?: 'node' | 'tab'
  name?: string
  agent?: string
  labels: readonly string[]
  addresses: readonly KnownAddress[]
  /** Of its tools; `PeerBook.toolsOf` gives the interface CIDs. */
  catalogue_cid?: string
  capacity?: number
  running?: number
  relay?: { stun_port?: number }
  /** Round trip over sessions, milliseconds, smoothed. */
  rtt_ms?: number
  standing: Standing
  barred_until?: number
  /** What it did. */
  barred_for?: string
  /** Its newest own word, and when that ends. */
  announcement?: SignedAnnouncement & { seq: number; expires_at: number }
  connected: boolean
  /** It said that it is ending: no new work for it, no new relay slots on it, while this session lasts. */
  draining: boolean
  path?: Path
  direction?: 'inbound' | 'outbound'
  first_seen: number
  last_seen: number
}
