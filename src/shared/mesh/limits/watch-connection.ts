/**
 * Counts the streams that a peer opens, and the bytes of one without a grant, below all protocols: also those of streams
 * that never say what they are for. Bounds what yamux keeps of a frame that is not yet whole, which it does not do itself.
 */
import type { Connection, Stream } from '@libp2p/interface'
import type { Clock } from '../../clock.ts'
import { PeerOverLimitError } from './errors.ts'
import type { PeerAccount } from './peer-accounts.ts'
import type { Rate } from './token-bucket.ts'

/** The largest window of a yamux stream (@libp2p/yamux 8.0, `MAX_STREAM_WINDOW`), so the largest frame that may come. Bytes. */
export const MUXER_FRAME_BYTES = 16 * 1024 * 1024

/** What is called with what came: on a muxer of @libp2p/utils (7.4) by the connection, on a stream by the muxer. */
interface Receiving {
  onData(data: { byteLength: number }): void
}

/** What a connection of libp2p (3.3) has beside its contract. */
interface Muxed {
  muxer: Receiving & {
    addEventListener(type: 'stream', listener: (event: CustomEvent<Stream>) => void): void
  }
}

/** A muxer that keeps what is not yet a whole frame. */
interface Decoding {
  decoder: { buffer: { byteLength: number } }
}

export interface WatchOptions {
  account: PeerAccount
  /** Whether the bytes of the peer are not counted here; asked until it says yes. */
  isTrusted: () => boolean
  clock: Clock
  /** Ends the peer's connections. Called once; nothing of the connection is read from then on. */
  onOver: (error: PeerOverLimitError) => void
}

export function watchConnection(connection: Connection, options: WatchOptions): void {
  if (isMuxed(connection)) new Watch(connection, options).begin()
}

class Watch {
  readonly #connection: Connection & Muxed
  readonly #options: WatchOptions
  #over = false

  constructor(connection: Connection & Muxed, options: WatchOptions) {
    this.#connection = connection
    this.#options = options
  }

  begin(): void {
    const { muxer } = this.#connection
    const frames = isDecoding(muxer) ? muxer.decoder : undefined
    if (frames !== undefined) this.#countBytes(muxer, () => frames.buffer.byteLength)
    muxer.addEventListener('stream', ({ detail: stream }) => {
      this.#countStream(stream)
      // A muxer that decodes frames had them counted already.
      if (frames === undefined && isReceiving(stream)) this.#countBytes(stream, () => 0)
    })
  }

  /** One too many is reset, which its protocol takes for a refusal; who goes on all the same is ended. */
  #countStream(stream: Stream): void {
    const { account, clock } = this.#options
    const { streams, streamRate } = account.limits
    const open = this.#connection.streams.filter(({ direction }) => direction === 'inbound').length
    const owed = account.streams.take(1, clock.monotonic())
    const over = overRate('new streams of a peer', owed, streamRate)
    if (owed > streamRate.burst) this.#end(over)
    else if (owed > 0) stream.abort(over)
    else if (open > streams) {
      stream.abort(new PeerOverLimitError('open streams of a connection', open, `${streams}`))
    }
  }

  /** `kept`: bytes that wait for the rest of their frame. */
  #countBytes(receiver: Receiving, kept: () => number): void {
    const { account, clock, isTrusted } = this.#options
    const receive = receiver.onData.bind(receiver)
    let trusted = false
    receiver.onData = data => {
      if (this.#over) return
      trusted ||= isTrusted()
      const owed = trusted ? 0 : account.bytes.take(data.byteLength, clock.monotonic())
      if (owed > 0) {
        this.#end(overRate('bytes of a peer', owed, account.limits.byteRate))
        return
      }
      receive(data)
      const unfinished = kept()
      if (unfinished <= MUXER_FRAME_BYTES) return
      this.#end(new PeerOverLimitError('bytes of a yamux frame', unfinished, `${MUXER_FRAME_BYTES}`))
    }
  }

  #end(error: PeerOverLimitError): void {
    if (this.#over) return
    this.#over = true
    this.#options.onOver(error)
  }
}

function overRate(limit: string, owed: number, { perSecond, burst }: Rate): PeerOverLimitError {
  return new PeerOverLimitError(limit, Math.ceil(burst + owed), `${perSecond} a second, ${burst} at once`)
}

/** Whether a connection has what is watched. */
export function isMuxed(connection: Connection): connection is Connection & Muxed {
  if (!('muxer' in connection)) return false
  const { muxer } = connection
  return typeof muxer === 'object' && muxer !== null && 'addEventListener' in muxer && isReceiving(muxer)
}

function isReceiving<T extends object>(value: T): value is T & Receiving {
  return 'onData' in value && typeof value.onData === 'function'
}

/** Whether a muxer keeps the beginning of a frame where it can be seen, as yamux does. */
export function isDecoding<T extends object>(muxer: T): muxer is T & Decoding {
  if (!('decoder' in muxer) || typeof muxer.decoder !== 'object' || muxer.decoder === null) return false
  const { decoder } = muxer
  if (!('buffer' in decoder) || typeof decoder.buffer !== 'object' || decoder.buffer === null) return false
  return 'byteLength' in decoder.buffer
}
