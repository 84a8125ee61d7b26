/** What one session holds and sends at most. Every value is in bytes unless its name says otherwise. */
export interface SessionLimits {
  /** Largest frame accepted; its header alone refuses a larger one. Protocol constant. */
  frameAccepted: number
  /**
   * Largest frame, and largest blob, accepted from a peer that came to us and has no grant: it has to initialize and
   * to redeem an invite, and many strangers at once must not cost much memory.
   */
  frameOfStranger: number
  /** Largest frame sent to a peer that takes blobs: small, so that a cancel never waits behind a big result. */
  frameSent: number
  /** Sent and not acknowledged at most: libp2p resets a stream with 4 MiB unread, so this stays well below. */
  window: number
  /** Part of the window that only answers and notifications may use, so that unread requests never block answers. */
  windowForReplies: number
  /** Part of the window that only cancels and pings may use, so that they go when it is full. */
  windowForUrgent: number
  /** Queued for a slow peer at most; beyond it requests and notifications are refused with `rate_limited`. */
  queued: number
  /** Queued at most with answers, which are never refused: beyond it the peer does not read and the session ends. */
  unread: number
  /** Handed to the stream and not yet taken by the connection: what a cancel may have to wait behind. */
  streamBuffer: number
  /** Requests of the peer being answered at once; more wait unacknowledged, which fills the peer's window. */
  incomingRequests: number
  /** Bytes of the requests being answered at once, for the same reason; one is always let through. */
  incomingRequestBytes: number
  /** Milliseconds that a peer may take within one frame before the session ends. */
  stalledFrameMs: number
  /** Largest value sent or fetched as a blob. */
  blob: number
  /** Blobs offered to one peer and not yet fetched, all together. */
  blobsOffered: number
  /** Blobs being fetched from one peer at once, all together; more wait. */
  blobsFetched: number
  /** Milliseconds that an offered blob is kept for a peer that does not fetch it. */
  blobOfferMs: number
}

const KIB = 1024
const MIB = 1024 * KIB

export const DEFAULT_SESSION_LIMITS: SessionLimits = {
  frameAccepted: 16 * MIB,
  frameOfStranger: 64 * KIB,
  frameSent: 256 * KIB,
  window: 2 * MIB,
  windowForReplies: 512 * KIB,
  windowForUrgent: 64 * KIB,
  queued: 32 * MIB,
  unread: 128 * MIB,
  streamBuffer: 256 * KIB,
  incomingRequests: 2048,
  incomingRequestBytes: 64 * MIB,
  stalledFrameMs: 60_000,
  blob: 64 * MIB,
  blobsOffered: 128 * MIB,
  blobsFetched: 128 * MIB,
  blobOfferMs: 120_000,
}
