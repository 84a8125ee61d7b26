import type { Clock } from '../../shared/clock.ts'
import { type ByteStream, byteStreamOf } from '../../shared/mesh/webtransport/byte-stream.ts'
import { SessionUnavailableError } from '../../shared/mesh/webtransport/errors.ts'
import type { WebTransportSession } from '../../shared/mesh/webtransport/session.ts'

/** A session of the browser's own WebTransport. Its end is told at once, whoever ended it. */
export class BrowserSession implements WebTransportSession {
  readonly closed: Promise<void>
  readonly #native: WebTransport
  readonly #incoming: ReadableStreamDefaultReader<WebTransportBidirectionalStream>
  readonly #clock: Clock
  readonly #gone = new AbortController()

  /** `native` is ready. */
  constructor(native: WebTransport, clock: Clock) {
    this.#native = native
    this.#clock = clock
    this.#incoming = native.incomingBidirectionalStreams.getReader()
    this.closed = native.closed.then(
      () => {},
      () => {},
    )
    void this.closed.then(() => this.#gone.abort())
    this.#hangUpWithPage()
  }

  async accept(): Promise<ByteStream | undefined> {
    try {
      const { done, value } = await this.#incoming.read()
      return done ? undefined : byteStreamOf(value)
    } catch {
      return undefined
    }
  }

  async open(signal: AbortSignal): Promise<ByteStream> {
    signal.throwIfAborted()
    let opened: WebTransportBidirectionalStream
    try {
      opened = await this.#native.createBidirectionalStream()
    } catch (error) {
      throw new SessionUnavailableError('no stream can be opened', error)
    }
    const stream = byteStreamOf(opened)
    if (!signal.aborted) return stream
    stream.reset()
    stream.stop()
    throw signal.reason
  }

  close(lingerMs = 0): void {
    if (lingerMs === 0) this.#hangUp()
    else this.#clock.after(lingerMs, () => this.#hangUp())
  }

  /** A page that goes has no later moment; where it says nothing, the browser may keep its connection for as long as it runs. */
  #hangUpWithPage(): void {
    const onHide = ({ persisted }: PageTransitionEvent) => {
      if (!persisted) this.#hangUp()
    }
    window.addEventListener('pagehide', onHide, { signal: this.#gone.signal })
  }

  #hangUp(): void {
    try {
      this.#native.close()
    } catch {
      // It has ended already.
    }
  }
}
