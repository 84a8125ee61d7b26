import { AbstractMultiaddrConnection, type AbstractMultiaddrConnectionInit } from '@libp2p/utils'
import type { Uint8ArrayList } from 'uint8arraylist'
import type { WebTransportSession } from './session.ts'

/**
 * How long a session that libp2p closes in good order may still deliver, milliseconds. Ending a QUIC connection drops
 * what its peer has not acknowledged; nothing tells when all is.
 */
const LINGER_MS = 1_000

/** A session as libp2p's raw connection. It carries no data of its own, all of it is in the session's streams. */
export class SessionConnection extends AbstractMultiaddrConnection {
  readonly #session: WebTransportSession

  constructor(session: WebTransportSession, init: AbstractMultiaddrConnectionInit) {
    super(init)
    this.#session = session
    void session.closed.then(() => this.onTransportClosed())
  }

  sendData(data: Uint8ArrayList): { sentBytes: number; canSendMore: boolean } {
    return { sentBytes: data.byteLength, canSendMore: true }
  }

  async sendClose(): Promise<void> {
    this.#session.close(LINGER_MS)
  }

  sendReset(): void {
    this.#session.close()
  }

  sendPause(): void {}

  sendResume(): void {}
}
