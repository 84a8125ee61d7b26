import { ToolmeshError } from '../../errors.ts'

/** The peer proved its id, but not that the certificates which it was dialled by are its own. */
export class UnknownCertificateError extends ToolmeshError {
  constructor() {
    super('forbidden', 'the peer does not know the certificates that it was dialled by', {
      field: 'certhash',
      allowed: 'hashes that the peer names itself',
    })
  }
}

/** A WebTransport session could not be made, or ended. */
export class SessionUnavailableError extends ToolmeshError {
  constructor(message: string, cause?: unknown) {
    super('unavailable', message, cause === undefined ? {} : { cause })
  }
}
