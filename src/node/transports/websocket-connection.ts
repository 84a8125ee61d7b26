import { AbstractMultiaddrConnection, type AbstractMultiaddrConnectionInit } from '@libp2p/utils'
import type { Uint8ArrayList } from 'uint8arraylist'
import type { WebSocket } from 'ws'

/** Given to the socket and not yet written: more is held back until it has sunk to half of this. */
const BUFFERED_BYTES = 1024 * 1024

/** RFC 6455 section 7.4: the other side hears that this was no orderly end. */
const ABNORMAL = 1011

/** One accepted WebSocket as libp2p's raw connection, with back-pressure in both directions. */
export class WebSocketConnection extends AbstractMultiaddrConnection {
  readonly #websocket: WebSocket
  #full = false

  constructor(websocket: WebSocket, init: AbstractMultiaddrConnectionInit) {
    super(init)
    this.#websocket = websocket
    websocket.binaryType = 'nodebuffer'
    websocket.on('message', (data, isBinary) => {
      if (isBinary && data instanceof Uint8Array) this.onData(data)
      else this.abort(new Error('a WebSocket message that is not binary'))
    })
    websocket.on('error', error => this.abort(error))
    websocket.on('close', code => {
      if (code === 1000 || code === 1005) this.onTransportClosed()
      else this.onRemoteReset()
    })
  }

  sendData(data: Uint8ArrayList): { sentBytes: number; canSendMore: boolean } {
    const sentBytes = data.byteLength
    for (const bytes of data) this.#websocket.send(bytes, () => this.#written())
    this.#full = this.#websocket.bufferedAmount > BUFFERED_BYTES
    return { sentBytes, canSendMore: !this.#full }
  }

  async sendClose(): Promise<void> {
    this.#websocket.close()
  }

  sendReset(): void {
    this.#websocket.close(ABNORMAL)
  }

  sendPause(): void {
    this.#websocket.pause()
  }

  sendResume(): void {
    this.#websocket.resume()
  }

  #written(): void {
    if (!this.#full || this.#websocket.bufferedAmount > BUFFERED_BYTES / 2) return
    this.#full = false
    this.safeDispatchEvent('drain')
  }
}
