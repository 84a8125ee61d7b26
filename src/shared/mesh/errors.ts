import { type ErrorDetails, ToolmeshError } from '../errors.ts'
import type { DialReport } from './dialling/dial-report.ts'

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

/** No address of a peer answered; the message names the cause that came nearest to a session. */
export class PeerUnreachableError extends ToolmeshError {
  /** What became of each address that was tried. */
  readonly reports: readonly DialReport[]

  constructor(peerId: string, reports: readonly DialReport[] = [], details: ErrorDetails = {}) {
    super('unavailable', `peer ${peerId} cannot be reached: ${nearestCause(reports)}`, details)
    this.reports = reports
  }
}

/** Of an address, at most so many characters are shown. */
const ADDRESS_CHARS = 80

function nearestCause(reports: readonly DialReport[]): string {
  const failed = reports.filter(({ outcome }) => outcome === 'failed')
  const [first, ...others] = failed
  if (first === undefined) return 'no address of it is known'
  const nearest = others.reduce((a, b) => (b.steps.length > a.steps.length ? b : a), first)
  const { step, error } = nearest.steps.at(-1) ?? { step: 'dial' }
  const address = nearest.address.replace(/\/p2p\/[^/]+$/, '').slice(0, ADDRESS_CHARS)
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`
  return `${address}: ${step}: ${error?.message ?? 'failed'}${more}`
}
