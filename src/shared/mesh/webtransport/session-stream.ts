import { AbstractStream, type AbstractStreamInit } from '@libp2p/utils'
import type { Uint8ArrayList } from 'uint8arraylist'
import type { ByteStream } from './byte-stream.ts'

/** Read and not taken yet: more stays in the transport, so that flow control holds the sender back. Far below libp2p's limit. */
const READ_AHEAD_BYTES = 512 * 1024

/**
 * One stream of a session as libp2p wants it. While libp2p takes nothing (paused, or before the protocol has its
 * handler) little is read, so that flow control reaches the sender.
 */
export class SessionStream extends AbstractStream {
  readonly #bytes: ByteStream
  #reading = false

  constructor(bytes: ByteStream, init: AbstractStreamInit) {
    super(init)
    this.#bytes = bytes
    void bytes.unread.then(() => this.#onUnread())
    void this.#read()
  }

  sendData(data: Uint8ArrayList): { sentBytes: number; canSendMore: boolean } {
    let canSendMore = true
    for (const bytes of data) canSendMore = this.#bytes.write(bytes)
    if (!canSendMore) {
      this.#bytes.writable().then(
        () => this.safeDispatchEvent('drain'),
        () => this.#onUnread(),
      )
    }
    return { sentBytes: data.byteLength, canSendMore }
  }

  async sendCloseWrite(): Promise<void> {
    await this.#bytes.end().catch(() => this.#onUnread())
  }

  async sendCloseRead(): Promise<void> {
    this.#bytes.stop()
  }

  sendReset(): void {
    this.#bytes.reset()
    this.#bytes.stop()
  }

  sendPause(): void {}

  sendResume(): void {
    void this.#read()
  }

  protected override dispatchReadBuffer(): void {
    super.dispatchReadBuffer()
    void this.#read()
  }

  async #read(): Promise<void> {
    if (this.#reading) return
    this.#reading = true
    try {
      while (this.readStatus === 'readable' && this.readBufferLength < READ_AHEAD_BYTES) {
        const bytes = await this.#bytes.read()
        if (bytes === undefined) return this.onRemoteCloseWrite()
        this.onData(bytes)
      }
      this.#reading = false
    } catch {
      if (this.status === 'open' && this.readStatus !== 'closed') this.onRemoteReset()
    }
  }

  #onUnread(): void {
    if (this.status === 'open' && this.writeStatus !== 'closed') this.onRemoteCloseRead()
  }
}
