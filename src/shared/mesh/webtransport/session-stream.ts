import { AbstractStream, type AbstractStreamInit } from '@libp2p/utils'
import type { Uint8ArrayList } from 'uint8arraylist'
import type { ByteStream } from './byte-stream.ts'

/** Read and not taken yet: more stays in the transport, so that flow control holds the sender back. Far below libp2p's limit. */
const READ_AHEAD_BYTES = 512 * 1024

/** Who listens for one of these hears of the end: readers take messages until then. */
const TOLD_OF_END = ['message', 'remoteCloseWrite', 'end'] as const

/**
 * One stream of a session as libp2p wants it. While libp2p takes nothing (paused, or before the protocol has its
 * handler) little is read, so that flow control reaches the sender.
 */
export class SessionStream extends AbstractStream {
  readonly #bytes: ByteStream
  #reading = false
  /** The other side has ended, and nobody has been there to hear it. */
  #isEndHeld = false

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
    this.#tellEnd()
  }

  /**
   * A handler that begins to listen gets what came before, but not that the other side has ended: libp2p tells that
   * once. A small request comes with its end in one packet; so the end waits for somebody who listens.
   */
  override addEventListener: AbstractStream['addEventListener'] = (...args: unknown[]): void => {
    Reflect.apply(AbstractStream.prototype.addEventListener, this, args)
    if (this.#isEndHeld) queueMicrotask(() => this.#tellEnd())
  }

  /** Nothing more comes from then on, also no end: the other side's direction is over. */
  async sendCloseRead(): Promise<void> {
    this.#bytes.stop()
    this.onRemoteCloseWrite()
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
        if (bytes === undefined) return this.#onEnd()
        this.onData(bytes)
      }
      this.#reading = false
    } catch {
      const isWanted = this.readStatus === 'readable' || this.readStatus === 'paused'
      if (this.status === 'open' && isWanted) this.onRemoteReset()
    }
  }

  #onEnd(): void {
    this.#isEndHeld = true
    const isHeard = TOLD_OF_END.some(event => this.listenerCount(event) > 0)
    if (isHeard || this.writeStatus !== 'writable') this.#tellEnd()
  }

  #tellEnd(): void {
    if (!this.#isEndHeld) return
    this.#isEndHeld = false
    this.onRemoteCloseWrite()
  }

  #onUnread(): void {
    if (this.status === 'open' && this.writeStatus !== 'closed') this.onRemoteCloseRead()
  }
}
