import type { Clock } from '../../../../shared/clock.ts'
import { QuicConnectionError } from '../errors.ts'
import type { QuicAddress, QuicConnection, QuicEnd, QuicLimits, QuicStream } from '../quic.ts'
import { StreamInbox } from '../stream-inbox.ts'
import type { NativeConnection, Quiche } from './binding.ts'
import { QuicheStream, type StreamHost } from './quiche-stream.ts'
import type { UdpSocket } from './udp-socket.ts'
import { UnreadDebt } from './unread-debt.ts'

/** Bit 0 of a stream's id: who opened it; bit 1: whether it is unidirectional (RFC 9000, 2.1). */
const SERVER_BIT = 1
const UNIDIRECTIONAL_BIT = 2
const IDS_APART = 4
/** H3_EXCESSIVE_LOAD (RFC 9114, 8.1) */
const EXCESSIVE_LOAD = 0x107

export interface QuicheConnectionParts {
  quiche: Quiche
  native: NativeConnection
  socket: UdpSocket
  isServer: boolean
  remoteAddress: QuicAddress
  limits: QuicLimits
  clock: Clock
  /** Asks for `deliver` and `send` soon, once for all that happens until then. */
  onTouched: (connection: QuicheConnection) => void
  onEstablished: (connection: QuicheConnection) => void
  /** Nothing more comes or goes; called once. */
  onGone: (connection: QuicheConnection) => void
}

/** One connection: packets in, packets out, and between them the streams. Never polls: it has one timer, the library's next. */
export class QuicheConnection implements QuicConnection, StreamHost {
  readonly remoteAddress: QuicAddress
  readonly native: NativeConnection
  readonly quiche: Quiche
  readonly closed: Promise<QuicEnd>
  readonly #onClosed: (end: QuicEnd) => void
  readonly #parts: QuicheConnectionParts
  readonly #path: { from: { host: string; port: number }; to: { host: string; port: number } }
  readonly #streams = new Map<number, QuicheStream>()
  readonly #incoming = [new StreamInbox<QuicStream>(), new StreamInbox<QuicStream>()] as const
  /** The next id of the peer's streams, and of ours; bidirectional, unidirectional. */
  readonly #nextOfPeer: [number, number]
  readonly #nextOwn: [number, number]
  readonly #openers: {
    kind: 0 | 1
    resolve: (stream: QuicStream) => void
    reject: (error: unknown) => void
  }[] = []
  readonly #debt: UnreadDebt
  #isEstablished = false
  #end: QuicEnd | undefined
  #isGone = false
  #lastSentAt: number
  #alarm: { at: number; cancel: () => void } | undefined

  constructor(parts: QuicheConnectionParts) {
    const { native, quiche, socket, isServer, remoteAddress, clock } = parts
    this.#parts = parts
    this.native = native
    this.quiche = quiche
    this.remoteAddress = remoteAddress
    this.#path = { from: withoutZone(remoteAddress), to: withoutZone(socket.address) }
    this.#nextOfPeer = isServer ? [0, UNIDIRECTIONAL_BIT] : [SERVER_BIT, SERVER_BIT | UNIDIRECTIONAL_BIT]
    this.#nextOwn = isServer ? [SERVER_BIT, SERVER_BIT | UNIDIRECTIONAL_BIT] : [0, UNIDIRECTIONAL_BIT]
    this.#lastSentAt = clock.monotonic()
    this.#debt = new UnreadDebt(this.#lastSentAt)
    const { promise, resolve } = Promise.withResolvers<QuicEnd>()
    this.closed = promise
    this.#onClosed = resolve
  }

  get isEstablished(): boolean {
    return this.#isEstablished
  }

  accept(): Promise<QuicStream | undefined> {
    return this.#incoming[0].take()
  }

  acceptUnidirectional(): Promise<QuicStream | undefined> {
    return this.#incoming[1].take()
  }

  open(signal: AbortSignal): Promise<QuicStream> {
    return this.#open(0, signal)
  }

  openUnidirectional(signal: AbortSignal): Promise<QuicStream> {
    return this.#open(1, signal)
  }

  close(code: number, reason: string): void {
    if (this.#end !== undefined) return
    try {
      this.native.close(true, code, new TextEncoder().encode(reason))
    } catch {
      // It is being closed already.
    }
    this.send()
    this.#ended({ code, reason })
  }

  touch(): void {
    this.#parts.onTouched(this)
  }

  read(bytes: number): void {
    this.#debt.read(bytes)
  }

  forget(stream: QuicheStream): void {
    this.#streams.delete(stream.id)
  }

  /** One datagram of the peer. */
  receive(bytes: Buffer): void {
    this.#debt.received(bytes.byteLength)
    try {
      this.native.recv(bytes, this.#path)
    } catch {
      // A packet that is none, or was made for another connection; what matters to this one is in its state.
    }
    this.touch()
  }

  /** Gives what has come to those who wait for it. Where the library fails, the connection ends, and no other. */
  deliver(): void {
    if (this.#end !== undefined || this.#isOver()) return
    try {
      this.#deliver()
    } catch (error) {
      this.#fail(error)
    }
  }

  #deliver(): void {
    if (!this.#isEstablished) {
      if (!this.native.isEstablished()) return
      this.#isEstablished = true
      this.#parts.onEstablished(this)
    }
    for (const id of this.native.readable()) this.#streamOf(id)?.onReadable()
    for (const stream of this.#streams.values()) if (stream.isBlocked) stream.flush()
    this.#serveOpeners()
    if (this.#debt.isTooHigh(this.#parts.clock.monotonic()))
      this.close(EXCESSIVE_LOAD, 'too much besides the data of streams')
  }

  /** Sends what is to be sent, as far as the socket takes it; false: call again when it has room. */
  send(): boolean {
    const { socket, clock } = this.#parts
    const now = clock.monotonic()
    while (!socket.isFull) {
      const packet = socket.packet()
      const made = this.#nextPacket(packet)
      if (made === null) {
        socket.release(packet)
        this.#isOver()
        this.#setAlarm(now)
        return true
      }
      const [length] = made
      socket.send(packet, length, this.remoteAddress)
      this.#debt.sent(length)
      this.#lastSentAt = now
    }
    return false
  }

  #nextPacket(packet: Buffer): ReturnType<NativeConnection['send']> {
    try {
      return this.#isGone ? null : this.native.send(packet)
    } catch (error) {
      this.#fail(error)
      return null
    }
  }

  #fail(error: unknown): void {
    this.#ended({ code: 0, reason: `QUIC failed: ${error instanceof Error ? error.message : String(error)}` })
    this.#gone()
  }

  /** The end of the endpoint: nothing of this connection is served any more. */
  abandon(): void {
    this.#ended({ code: 0, reason: 'closed' })
    this.#gone()
  }

  #open(kind: 0 | 1, signal: AbortSignal): Promise<QuicStream> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      if (this.#end !== undefined) return reject(endedError(this.#end))
      const onAbort = () => {
        this.#openers.splice(this.#openers.indexOf(opener), 1)
        reject(signal.reason)
      }
      const opener = {
        kind,
        reject,
        resolve: (stream: QuicStream) => {
          signal.removeEventListener('abort', onAbort)
          resolve(stream)
        },
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#openers.push(opener)
      this.#serveOpeners()
    })
  }

  #serveOpeners(): void {
    const left = () => [this.native.peerStreamsLeftBidi(), this.native.peerStreamsLeftUni()] as const
    for (const opener of [...this.#openers]) {
      if (!this.#isEstablished || left()[opener.kind] <= 0) continue
      this.#openers.splice(this.#openers.indexOf(opener), 1)
      const id = this.#nextOwn[opener.kind]
      this.#nextOwn[opener.kind] += IDS_APART
      // Known to the library from here on, so that it counts.
      this.native.streamSend(id, new Uint8Array(), false)
      const stream = new QuicheStream(this, id, { reads: opener.kind === 0, writes: true })
      this.#streams.set(id, stream)
      opener.resolve(stream)
    }
  }

  /** A stream's number opens all before it (RFC 9000, 3.2); one of the past that is not there any more is over. */
  #streamOf(id: number): QuicheStream | undefined {
    const kind = (id & UNIDIRECTIONAL_BIT) === 0 ? 0 : 1
    const isOfPeer = (id & SERVER_BIT) === (this.#nextOfPeer[kind] & SERVER_BIT)
    while (isOfPeer && id >= this.#nextOfPeer[kind]) {
      const next = this.#nextOfPeer[kind]
      this.#nextOfPeer[kind] += IDS_APART
      const stream = new QuicheStream(this, next, { reads: true, writes: kind === 0 })
      this.#streams.set(next, stream)
      this.#incoming[kind].put(stream)
    }
    return this.#streams.get(id)
  }

  /** Looks whether the library says that the connection is over, and draws the consequences. */
  #isOver(): boolean {
    if (!this.native.isDraining() && !this.native.isClosed()) return false
    if (this.#end === undefined) this.#ended(endOf(this.native))
    if (this.native.isClosed()) this.#gone()
    return true
  }

  #ended(end: QuicEnd): void {
    if (this.#end !== undefined) return
    this.#end = end
    const error = endedError(end)
    for (const inbox of this.#incoming) inbox.end()
    for (const stream of [...this.#streams.values()]) stream.fail(error)
    for (const opener of this.#openers.splice(0)) opener.reject(error)
    this.#onClosed(end)
  }

  #gone(): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#alarm?.cancel()
    this.#parts.onGone(this)
  }

  /** An alarm that is earlier than needed rings for nothing once; so it is seldom set anew. */
  #setAlarm(now: number): void {
    if (this.#isGone) return
    const { clock, limits } = this.#parts
    const keepAliveIn =
      this.#end === undefined && this.#isEstablished ? this.#lastSentAt + limits.keepAliveMs - now : Infinity
    const wait = Math.max(1, Math.min(this.native.timeout() ?? Infinity, keepAliveIn))
    if (wait === Infinity) return
    if (this.#alarm !== undefined) {
      if (this.#alarm.at <= now + wait) return
      this.#alarm.cancel()
    }
    this.#alarm = { at: now + wait, cancel: clock.after(wait, () => this.#ring()) }
  }

  #ring(): void {
    this.#alarm = undefined
    const { clock, limits } = this.#parts
    const isQuiet = clock.monotonic() - this.#lastSentAt >= limits.keepAliveMs
    try {
      this.native.onTimeout()
      if (this.#isEstablished && isQuiet) this.native.sendAckEliciting()
    } catch (error) {
      this.#fail(error)
    }
    this.touch()
  }
}

function endOf(native: NativeConnection): QuicEnd {
  if (native.isTimedOut()) return { code: 0, reason: 'nothing was heard of the peer' }
  const error = native.peerError() ?? native.localError()
  if (error === null) return { code: 0, reason: 'the handshake failed' }
  const reason = new TextDecoder().decode(Uint8Array.from(error.reason))
  return { code: error.isApp ? error.errorCode : 0, reason: reason || `QUIC error ${error.errorCode}` }
}

function endedError({ code, reason }: QuicEnd): QuicConnectionError {
  return new QuicConnectionError(`the connection has ended (${reason || `code ${code}`})`)
}

/** The library knows no scopes of IPv6 addresses; the socket does. */
function withoutZone({ host, port }: QuicAddress): { host: string; port: number } {
  return { host: host.split('%')[0] ?? host, port }
}
