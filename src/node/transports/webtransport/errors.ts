import { ToolmeshError } from '../../../shared/errors.ts'
import type { QuicAddress } from './quic.ts'

/** The UDP port cannot be listened on. */
export class AddressUnavailableError extends ToolmeshError {
  constructor({ host, port }: QuicAddress, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause)
    super('conflict', `cannot listen on UDP port ${port} of ${host} (${why})`, {
      field: 'p2p.listen',
      value: `${host}:${port}`,
      allowed: 'an address of this machine and a free UDP port, or port 0',
      cause,
    })
  }
}

/** The connection could not be made, or has ended. */
export class QuicConnectionError extends ToolmeshError {
  constructor(message: string, cause?: unknown) {
    super('unavailable', message, cause === undefined ? {} : { cause })
  }
}

/** A direction of a stream was given up by the peer, or ended with its connection. */
export class QuicStreamError extends ToolmeshError {
  constructor(message: string) {
    super('unavailable', message)
  }
}
