import { QuicStreamError } from '../errors.ts'
import type { QuicStream } from '../quic.ts'
import type { NativeConnection, Quiche } from './binding.ts'

/** Read from the library at a time. */
const READ_BYTES = 256 * 1024
/** All streams of the process read by it, one after the other, each within one call. */
const readBuffer = Buffer.allocUnsafeSlow(READ_BYTES)

const NO_BYTES = new Uint8Array()
const NOTHING_YET = Symbol('nothing yet')

export interface StreamHost {
  readonly native: NativeConnection
  readonly quiche: Quiche
  /** What was read or written needs packets. */
  touch(): void
  /** So many bytes were taken from the peer. */
  read(bytes: number): void
  /** Neither direction is open any more. */
  forget(stream: QuicheStream): void
}

/** One stream of a connection of quiche, which holds what was received; what it has no room for waits here. */
export class QuicheStream implements QuicStream {
  readonly id: number
  readonly unread: Promise<void>
  readonly #onUnread: () => void
  readonly #host: StreamHost
  #reader: PromiseWithResolvers<Uint8Array | undefined> | undefined
  /** Undefined while the peer may send more. */
  #readEnd: 'ended' | Error | undefined
  #unsent: Uint8Array[] = []
  #writeEnd: 'open' | 'ending' | 'over' = 'open'
  #room: PromiseWithResolvers<void> | undefined
  #broken: Error | undefined

  constructor(host: StreamHost, id: number, directions: { reads: boolean; writes: boolean }) {
    this.id = id
    this.#host = host
    if (!directions.reads) this.#readEnd = 'ended'
    if (!directions.writes) this.#writeEnd = 'over'
    const { promise, resolve } = Promise.withResolvers<void>()
    this.unread = promise
    this.#onUnread = resolve
  }

  async read(): Promise<Uint8Array | undefined> {
    const bytes = this.#take()
    if (bytes !== NOTHING_YET) return bytes
    this.#reader = Promise.withResolvers()
    return this.#reader.promise
  }

  write(bytes: Uint8Array): boolean {
    if (this.#writeEnd !== 'open') return false
    this.#unsent.push(bytes)
    this.flush()
    return this.#unsent.length === 0
  }

  async writable(): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken
    if (this.#unsent.length === 0) return
    this.#room ??= Promise.withResolvers()
    return this.#room.promise
  }

  async end(): Promise<void> {
    if (this.#writeEnd !== 'open') return
    this.#writeEnd = 'ending'
    this.flush()
    await this.writable()
  }

  reset(code = 0): void {
    if (this.#writeEnd === 'over') return
    this.#shutdown('Write', code)
    this.#breakWriting(new QuicStreamError('the stream was given up'))
  }

  stop(code = 0): void {
    if (this.#readEnd !== undefined) return
    this.#shutdown('Read', code)
    this.#endReading(new QuicStreamError('reading was stopped'))
  }

  /** The peer sent something: bytes, an end, or a reset. */
  onReadable(): void {
    const reader = this.#reader
    if (reader === undefined) return
    try {
      const bytes = this.#take()
      if (bytes === NOTHING_YET) return
      reader.resolve(bytes)
    } catch (error) {
      reader.reject(error)
    }
    this.#reader = undefined
  }

  /** Hands over what the library has room for. */
  flush(): void {
    if (this.#writeEnd === 'over') return
    try {
      while (this.isBlocked && this.#sendFirst()) {}
    } catch {
      // The peer asked us to stop; the library has answered it with a reset.
      this.#breakWriting(new QuicStreamError('the peer reads no more of this stream'))
      return
    }
    this.#host.touch()
    if (this.#unsent.length === 0) this.#giveRoom()
  }

  /** Whether `flush` has something to do when the peer allows more. */
  get isBlocked(): boolean {
    return this.#writeEnd === 'ending' || (this.#writeEnd === 'open' && this.#unsent.length > 0)
  }

  /** The connection has ended. */
  fail(error: Error): void {
    this.#breakWriting(error)
    if (this.#readEnd === undefined) this.#endReading(error)
  }

  /** The first of what waits, and the end with the last; false where the library has no more room. */
  #sendFirst(): boolean {
    const [bytes = NO_BYTES] = this.#unsent
    const isLast = this.#unsent.length <= 1 && this.#writeEnd === 'ending'
    const sent = this.#host.native.streamSend(this.id, bytes, isLast)
    if (sent === null) return false
    if (sent < bytes.byteLength) {
      this.#unsent[0] = bytes.subarray(sent)
      return sent > 0
    }
    this.#unsent.shift()
    if (isLast) {
      this.#writeEnd = 'over'
      this.#forgetIfDone()
    }
    return true
  }

  #giveRoom(): void {
    this.#room?.resolve()
    this.#room = undefined
  }

  #breakWriting(error: Error): void {
    const wasOpen = this.#writeEnd !== 'over'
    this.#writeEnd = 'over'
    this.#broken = error
    this.#unsent = []
    if (!wasOpen) return
    this.#onUnread()
    this.#room?.promise.catch(() => {})
    this.#room?.reject(error)
    this.#room = undefined
    this.#forgetIfDone()
  }

  #take(): Uint8Array | undefined | typeof NOTHING_YET {
    if (this.#readEnd === 'ended') return undefined
    if (this.#readEnd !== undefined) throw this.#readEnd
    const { native } = this.#host
    let got: [number, boolean] | null
    try {
      got = native.streamRecv(this.id, readBuffer)
    } catch (error) {
      if (isUnknownStream(error)) return NOTHING_YET
      const failure = new QuicStreamError('the peer gave up this stream')
      this.#endReading(failure)
      throw failure
    }
    if (got === null) return NOTHING_YET
    const [length, isEnd] = got
    if (isEnd) this.#endReading('ended')
    if (length === 0) return isEnd ? undefined : NOTHING_YET
    this.#host.read(length)
    this.#host.touch()
    return new Uint8Array(readBuffer.subarray(0, length))
  }

  #endReading(end: 'ended' | Error): void {
    this.#readEnd = end
    if (end !== 'ended') {
      this.#reader?.reject(end)
      this.#reader = undefined
    }
    this.#forgetIfDone()
  }

  #forgetIfDone(): void {
    if (this.#readEnd !== undefined && this.#writeEnd === 'over') this.#host.forget(this)
  }

  #shutdown(direction: 'Read' | 'Write', code: number): void {
    const { native, quiche } = this.#host
    try {
      native.streamShutdown(this.id, quiche.Shutdown[direction], code)
    } catch {
      // It was over already.
    }
    this.#host.touch()
  }
}

/** One that the peer opened by opening a later one: the library knows it when its first bytes come. */
function isUnknownStream(error: unknown): boolean {
  return error instanceof Error && error.message.includes('InvalidStreamState')
}
