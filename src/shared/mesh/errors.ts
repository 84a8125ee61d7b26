import { type ErrorDetails, ToolmeshError } from '../errors.ts'

/** A frame that is not a 4-byte length and so many bytes of UTF-8 JSON-RPC. The session closes. */
export class BadFrameError extends ToolmeshError {
  constructor(message: string, details: ErrorDetails = {}) {
    super('bad_frame', message, details)
  }
}

/** A frame or value over a limit of docs/LIMITS.md. From a frame's header: the session closes. */
export class FrameTooLargeError extends ToolmeshError {
  constructor(what: string, size: number, allowed: number) {
    super('frame_too_large', `${what} of ${size} bytes, allowed: ${allowed}`, {
      value: size,
      allowed: `${allowed} bytes`,
    })
  }
}

/** The session is not there or ended before the message could go. */
export class SessionClosedError extends ToolmeshError {
  constructor(message: string, details: ErrorDetails = {}) {
    super('unavailable', message, details)
  }
}

/** More is queued for this peer than the session holds; the peer reads too slowly. */
export class OutgoingFullError extends ToolmeshError {
  constructor(queued: number, allowed: number) {
    super('rate_limited', `${queued} bytes wait for this peer, allowed: ${allowed}`, { retry_after_ms: 1000 })
  }
}

/** The peer sends without regard to what we have taken. The session closes. */
export class WindowExceededError extends ToolmeshError {
  constructor(waiting: number, allowed: number) {
    super('rate_limited', `the peer has ${waiting} bytes that were not taken yet, allowed: ${allowed}`)
  }
}

/** The peer asks and does not read the answers. The session closes. */
export class UnreadAnswersError extends ToolmeshError {
  constructor(queued: number) {
    super('rate_limited', `${queued} bytes of answers wait for a peer that does not read`)
  }
}

/** A blob that could not be offered, fetched or verified. */
export class BlobTransferError extends ToolmeshError {
  constructor(message: string, details: ErrorDetails = {}) {
    super('unavailable', message, details)
  }
}

/** The peer at an address is not the one that was expected; nothing was sent to it. */
export class UnexpectedPeerError extends ToolmeshError {
  constructor(expected: string, found: string) {
    super('forbidden', `expected peer ${expected}, found ${found}`, {
      field: 'peer_id',
      value: found,
      allowed: expected,
    })
  }
}

/** No address of a peer answered. */
export class PeerUnreachableError extends ToolmeshError {
  constructor(peerId: string, details: ErrorDetails = {}) {
    super('unavailable', `peer ${peerId} cannot be reached`, details)
  }
}
