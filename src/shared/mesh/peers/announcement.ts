/** What a peer says about itself to peers that have no session with it. A hint of where to look; nothing that decides reads it. */

/** Version of the form below; others are ignored. */
export const ANNOUNCEMENT_VERSION = 1

/** What a signature is made over, before the text itself, so that it can stand for nothing else. */
export const ANNOUNCEMENT_DOMAIN = 'toolmesh-peer-announcement:'

export interface PeerAnnouncement {
  v: typeof ANNOUNCEMENT_VERSION
  /** Of the mesh (`p2p.namespace`); peers of another one are ignored. */
  namespace: string
  peer_id: string
  /** Grows with each announcement of the peer, over its restarts too; of two the larger one counts. */
  seq: number
  /** Epoch milliseconds. */
  issued_at: number
  /** Milliseconds from then on that it holds. */
  ttl_ms: number
  /** Where it can be reached, best first; never empty. Multiaddrs. */
  addresses: string[]
  kind: 'node' | 'tab'
  /** As `toolmesh/0.1.0 node`. */
  agent: string
  name?: string
  labels: string[]
  /** CID of the canonical JSON of its sorted interface CIDs; the list itself is asked for by this CID. */
  catalogue_cid: string
  /** Attempts that it runs at once, and how many of these are taken. */
  capacity: number
  running: number
  /** It relays for peers that hold a grant; where it answers STUN, the UDP port. */
  relay?: { stun_port?: number }
}

/** As it travels and is kept: canonical JSON (RFC 8785) and the peer's signature over domain and text. */
export interface SignedAnnouncement {
  text: string
  /** base64url without padding. */
  signature: string
}
