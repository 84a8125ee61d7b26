/** Bounds of a peer book (docs/LIMITS.md); what is unlike a node's, a tab's or a simulated peer's, is given. */
export interface PeerBookLimits {
  /** Peers that are known at once. */
  entries: number
  /** Addresses of one peer that are kept beside those it announced. */
  addresses: number
  /** Milliseconds that a peer is kept which nobody tells of any more. */
  ttlMs: number
  /** Milliseconds between two announcements of one peer that are taken, and how many are at once: it may have been started anew. */
  announcementEveryMs: number
  announcementsAtOnce: number
  /** Lists of interface CIDs that are kept, and how long one may be. */
  catalogues: number
  cataloguedTools: number
}

export const DEFAULT_PEER_BOOK_LIMITS: PeerBookLimits = {
  entries: 10_000,
  addresses: 16,
  ttlMs: 30 * 60_000,
  announcementEveryMs: 10_000,
  announcementsAtOnce: 3,
  catalogues: 256,
  cataloguedTools: 4096,
}
