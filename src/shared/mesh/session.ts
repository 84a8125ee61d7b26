/**
 * One `/mcp+p2p/1.0.0` stream as two MCP transports (docs/PROTOCOL.md "The session"): frames, ids, credit,
 * blobs. The stream is always read; limits act above it.
 */
import type { Stream } from '@libp2p/interface'
import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/sdk/types.js'
import type { Clock } from '../clock.ts'
import { ERROR_TABLE, ToolmeshError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { BlobFetches, type FetchBlob } from './blob-fetches.ts'
import { BlobOffers } from './blob-offers.ts'
import { CreditLedger, CreditWindow } from './credit.ts'
import { BadFrameError, SessionClosedError } from './errors.ts'
import { FRAME_HEADER_BYTES, FrameDecoder, parseBody } from './frame.ts'
import { IncomingRequests } from './incoming-requests.ts'
import { LateCredit } from './limits/late-credit.ts'
import type { SessionTraffic } from './limits/session-traffic.ts'
import type { Maker } from './message-id.ts'
import { MessageReceiver } from './message-receiver.ts'
import type { Party } from './message-route.ts'
import { MessageSender, MOVED_FRAME, RETIRE_METHOD } from './message-sender.ts'
import { MoveStream } from './move/move-stream.ts'
import { SessionMove } from './move/session-move.ts'
import { Negotiation, type SessionFeatures } from './negotiation.ts'
import { Outgoing } from './outgoing.ts'
import { isSdkMessage, type RpcMessage } from './rpc-message.ts'
import type { SessionBytes } from './session-bytes.ts'
import type { Path, Session, SessionEnd } from './session-contract.ts'
import type { SessionLimits } from './session-limits.ts'
import { SessionQuestions } from './session-questions.ts'
import { SessionTransport } from './session-transport.ts'
import { SessionUse } from './session-use.ts'

export const SESSION_PROTOCOL = '/mcp+p2p/1.0.0'

/** How long an orderly end waits for the stream to take what was written, in milliseconds. */
const CLOSE_WAIT_MS = 2000

/** Errors in what came that are the peer's fault. */
const VIOLATIONS: ReadonlySet<string> = new Set(['bad_frame', 'frame_too_large', 'rate_limited'])

const ORDERLY: SessionEnd = { code: 'closed', message: 'closed' }
const IDLE: SessionEnd = { code: 'idle', message: 'nobody used the session' }

/** Characters of what a peer says why it ends; a longer word is not kept. */
const MAX_REASON_CHARS = 1024

export interface SessionInit {
  stream: Stream
  /** The authenticated peer of the stream's connection. */
  peerId: string
  direction: 'inbound' | 'outbound'
  path: Path
  limits: SessionLimits
  clock: Clock
  logger: Logger
  /** UDP port at which this side answers STUN, if it does. */
  stunPort?: number | undefined
  /** Whether the peer may send more than a stranger needs to introduce itself; asked until it says yes. */
  isTrusted: () => boolean
  /** Counts what the peer sends; without it only the credit bounds it. */
  traffic?: SessionTraffic
  /** The peer broke the protocol or went over a limit, which ends the session. */
  onViolation?: (error: ToolmeshError) => void
  /** Fetches a blob that the peer offers; a session without it agrees to no blobs. */
  fetchBlob?: FetchBlob
}

/** A session of ours: the contract, and what the mesh host needs of it. */
export class MeshSession implements Session {
  readonly peerId: string
  readonly direction: 'inbound' | 'outbound'
  readonly clientTransport: SessionTransport
  readonly serverTransport: SessionTransport
  readonly closed: Promise<SessionEnd>
  /** What the peer may fetch now. */
  readonly offers: BlobOffers

  /** What is read now, and what is written to: different ones only in the middle of a move. */
  #reading: Stream
  #writing: Stream
  #path: Path
  readonly #move: SessionMove
  readonly #limits: SessionLimits
  readonly #isTrusted: () => boolean
  readonly #traffic: SessionTraffic | undefined
  readonly #onViolation: (error: ToolmeshError) => void
  readonly #credit: LateCredit
  /** Of the piece that is being read: what the session itself says. */
  #control = 0
  readonly #received = { bytes: 0, messages: 0 }
  readonly #clock: Clock
  readonly #decoder: FrameDecoder
  readonly #window: CreditWindow
  readonly #ledger: CreditLedger
  readonly #outgoing: Outgoing
  readonly #negotiation: Negotiation
  readonly #fetches: BlobFetches
  readonly #sender: MessageSender
  readonly #receiver: MessageReceiver
  readonly #settleClosed: (end: SessionEnd) => void
  /** Messages for a party whose transport was not started yet; without credit until it is. */
  readonly #early: Record<Party, { message: RpcMessage; taken: () => void }[]> = { client: [], server: [] }
  readonly #started: Record<Party, boolean> = { client: false, server: false }
  readonly #use: SessionUse
  readonly #incoming: IncomingRequests
  readonly #questions: SessionQuestions
  /** Settles when the peer has said whether the session ends for want of use: until then nothing new is sent. */
  #retiring: Promise<void> | undefined
  #trusted = false
  #stalled: (() => void) | undefined
  /** The goodbye is being said: what goes wrong with it begins no second one. */
  #closing = false
  #end: SessionEnd | undefined

  constructor(init: SessionInit) {
    const { stream, limits, clock, logger, fetchBlob } = init
    this.peerId = init.peerId
    this.direction = init.direction
    this.#path = init.path
    this.#reading = stream
    this.#writing = stream
    this.#limits = limits
    this.#isTrusted = init.isTrusted
    this.#traffic = init.traffic
    this.#onViolation = init.onViolation ?? (() => {})
    this.#clock = clock
    this.#use = new SessionUse(clock)
    const { promise, resolve } = Promise.withResolvers<SessionEnd>()
    this.closed = promise
    this.#settleClosed = resolve
    this.#questions = new SessionQuestions(promise)

    this.#decoder = new FrameDecoder(limits.frameOfStranger)
    this.#window = new CreditWindow(limits.window)
    this.#outgoing = new Outgoing(stream, this.#window, limits, error => this.#fail(error))
    this.#negotiation = new Negotiation({
      credit: limits.window,
      blobs: fetchBlob !== undefined,
      move: true,
      ...(init.stunPort === undefined ? {} : { stun_port: init.stunPort }),
    })
    this.offers = new BlobOffers(limits, clock)
    this.#fetches = new BlobFetches(fetchBlob ?? noBlobs, {
      blob: () => (this.#trusted ? limits.blob : limits.frameOfStranger),
      blobsFetched: limits.blobsFetched,
    })
    const incoming = new IncomingRequests(limits.incomingRequests, limits.incomingRequestBytes)
    this.#incoming = incoming
    this.#sender = new MessageSender({
      outgoing: this.#outgoing,
      negotiation: this.#negotiation,
      incoming,
      offers: this.offers,
      limits,
      initializesFirst: init.direction === 'outbound',
      onCancel: marked => this.#fetches.cancel(marked),
      onUse: method => this.#use.touch(method),
    })
    this.#credit = new LateCredit(
      () => this.#traffic?.lateBy() ?? 0,
      clock,
      bytes => this.#sender.acknowledge(bytes),
    )
    this.#ledger = new CreditLedger(limits.window, limits.frameAccepted, bytes => this.#credit.taken(bytes))
    this.#move = new SessionMove({
      tell: token => this.#sender.move(token),
      write: next => this.#write(next),
      read: next => this.#readFrom(next),
    })
    this.#receiver = new MessageReceiver({
      sender: this.#sender,
      incoming,
      fetches: this.#fetches,
      ledger: this.#ledger,
      logger,
      deliver: (party, message, taken) => this.#deliver(party, message, taken),
      onOffer: offer => this.#agree(offer),
      onControl: () => {
        this.#control += 1
      },
      onCredit: bytes => {
        this.#window.acknowledged(bytes)
        this.#outgoing.plan()
      },
      onMove: token => this.#move.told(token),
      onMoved: () => this.#move.peerMoved(),
      onTold: (raw, answer) => this.#questions.answered(raw, answer),
      onRetire: id => this.#onRetire(id),
      onUse: method => this.#use.touch(method),
      onGoodbye: (code, message) => this.#finish(toldEnd(code, message)),
    })
    this.clientTransport = this.#transport('client')
    this.serverTransport = this.#transport('server')
    this.#listen(stream)
  }

  get path(): Path {
    return this.#path
  }

  /** UDP port at which the peer answers STUN, if it said one. */
  get stunPort(): number | undefined {
    return this.#negotiation.stunPort
  }

  /** Whether the peer can move to another stream: known once both sides have initialized. */
  get movable(): boolean {
    return this.#negotiation.move
  }

  /**
   * Goes on over another stream with the same peer; nothing that is under way is lost. Resolves when both directions have
   * moved. Throws `conflict` when another move wins, `unavailable` when the peer cannot or the stream ends: then all is as it was.
   */
  async moveTo(stream: Stream, path: Path, signal: AbortSignal): Promise<void> {
    if (this.#end !== undefined) throw new SessionClosedError(this.#end.message)
    if (!this.movable) throw new ToolmeshError('unavailable', 'the peer cannot move a session')
    await this.#move.begin(new MoveStream(stream), signal)
    this.#path = path
  }

  /** Takes a move that the peer begins by opening this stream; `yields`: of two that cross, the peer's holds. */
  async acceptMove(next: MoveStream, path: Path, signal: AbortSignal, yields: boolean): Promise<void> {
    if (this.#end !== undefined) throw new SessionClosedError(this.#end.message)
    await this.#move.accept(next, signal, yields)
    this.#path = path
  }

  /** Bytes written and not acknowledged, and bytes that wait. */
  get backlog(): { unacknowledged: number; queued: number; offered: number } {
    return {
      unacknowledged: this.#window.outstanding,
      queued: this.#outgoing.queuedBytes,
      offered: this.offers.bytes,
    }
  }

  get bytes(): SessionBytes {
    return { received: { ...this.#received }, sent: { ...this.#outgoing.written } }
  }

  /** One round trip on the open stream, in milliseconds; overtakes what waits. Rejects when the session ends. */
  async ping(signal: AbortSignal): Promise<number> {
    const began = this.#clock.monotonic()
    if (this.#end !== undefined) throw new SessionClosedError(this.#end.message)
    await this.#questions.ask(raw => this.#sender.ask(raw, 'ping'), signal)
    return this.#clock.monotonic() - began
  }

  hold(): () => void {
    if (this.#end !== undefined) throw new SessionClosedError(this.#end.message)
    return this.#use.hold()
  }

  idleMs(): number {
    return this.#sender.pending + this.#incoming.count > 0 ? 0 : this.#use.idleMs()
  }

  async retire(signal: AbortSignal): Promise<boolean> {
    if (this.#end !== undefined) return true
    if (this.#isUsed() || this.#retiring !== undefined) return false
    const answered = Promise.withResolvers<void>()
    this.#retiring = answered.promise
    try {
      const ask = (raw: number) => this.#sender.ask(raw, RETIRE_METHOD)
      await this.#questions.ask(ask, signal, ({ result }) => {
        // A peer that does not know the question has nothing under way, as far as can be seen from here.
        if (result?.retired !== false) void this.close(IDLE)
      })
    } catch {
      // It ended meanwhile, or the peer is silent, which the next ping finds out.
    }
    this.#retiring = undefined
    answered.resolve()
    return this.#end !== undefined
  }

  /** Ends the session. A reason other than an orderly end is told to the peer. */
  async close(reason: SessionEnd = ORDERLY): Promise<void> {
    if (this.#end !== undefined || this.#closing) return
    this.#closing = true
    if (reason.code !== ORDERLY.code && reason.code !== IDLE.code) this.#sender.goodbye(reason)
    this.#outgoing.flush()
    this.#finish(reason)
    try {
      await this.#writing.close({ signal: AbortSignal.timeout(CLOSE_WAIT_MS) })
    } catch (error) {
      this.#writing.abort(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #isUsed(): boolean {
    const waiting = this.#outgoing.queuedBytes > 0 || !this.#negotiation.settled
    return waiting || this.#use.held || this.#sender.pending + this.#incoming.count > 0
  }

  /** Nothing of ours goes after the answer: what the peer hears last is that the session ends. */
  #onRetire(id: RequestId): void {
    const retired = !this.#isUsed()
    this.#sender.tell(id, { retired })
    if (retired) void this.close(IDLE)
  }

  async #send(maker: Maker, message: JSONRPCMessage): Promise<void> {
    if (this.#retiring !== undefined) await this.#retiring
    return this.#sender.send(maker, message)
  }

  #transport(party: Party): SessionTransport {
    const maker = party === 'client' ? 'c' : 's'
    return new SessionTransport({
      started: () => this.#start(party),
      send: message => this.#send(maker, message),
      close: () => this.close(),
    })
  }

  #listen(stream: Stream): void {
    stream.addEventListener('message', event => {
      if (this.#reading !== stream) return
      const { data } = event
      if (data instanceof Uint8Array) this.#read(data)
      else for (const chunk of data) this.#read(chunk)
    })
    this.#listenToEnd(stream)
  }

  /** A stream that was left may end as it likes. */
  #listenToEnd(stream: Stream): void {
    stream.addEventListener('remoteCloseWrite', () => {
      if (this.#reading === stream) this.#onRemoteEnd()
    })
    stream.addEventListener('close', event => {
      if (this.#reading === stream || this.#writing === stream) this.#onStreamClosed(event.error)
    })
    // What happened before anyone listened has no event; bytes that came by then are read first.
    queueMicrotask(() => {
      if (this.#reading !== stream) return
      if (stream.remoteWriteStatus === 'closed') this.#onRemoteEnd()
      if (stream.status !== 'open') this.#onStreamClosed()
    })
  }

  #write({ stream }: MoveStream): void {
    const before = this.#writing
    this.#writing = stream
    this.#outgoing.moveTo(stream, MOVED_FRAME)
    before.close({ signal: AbortSignal.timeout(CLOSE_WAIT_MS) }).catch(error => before.abort(error))
  }

  #readFrom(next: MoveStream): void {
    this.#reading = next.stream
    // After the frame that said so has been dealt with.
    queueMicrotask(() => {
      next.flow(chunk => this.#read(chunk))
      this.#listenToEnd(next.stream)
    })
  }

  #onStreamClosed(error?: Error): void {
    this.#finish({ code: 'unavailable', message: error?.message ?? 'the stream was closed' })
  }

  #read(chunk: Uint8Array): void {
    if (this.#end !== undefined) return
    if (!this.#trusted) this.#trust()
    try {
      let messages = 0
      for (const body of this.#decoder.push(chunk)) {
        messages += 1
        this.#receiver.accept(parseBody(body), FRAME_HEADER_BYTES + body.byteLength)
      }
      this.#received.bytes += chunk.byteLength
      this.#received.messages += messages
      this.#traffic?.arrived(messages, chunk.byteLength, this.#control)
      this.#control = 0
      this.#watchStall()
    } catch (error) {
      this.#fail(error)
      if (error instanceof ToolmeshError && VIOLATIONS.has(error.code)) this.#onViolation(error)
    }
  }

  /** A peer that lost its grant has its session closed, so trust is never taken back. */
  #trust(): void {
    if (!this.#isTrusted()) return
    this.#trusted = true
    this.#traffic?.trust()
    this.#decoder.accept(this.#limits.frameAccepted)
  }

  #onRemoteEnd(): void {
    if (this.#end !== undefined) return
    try {
      this.#decoder.end()
      void this.close()
    } catch (error) {
      this.#fail(error)
    }
  }

  /** A peer that stays inside one frame holds its buffer: it gets a limited time for it. */
  #watchStall(): void {
    if (!this.#decoder.inside) {
      this.#stalled?.()
      this.#stalled = undefined
      return
    }
    if (this.#stalled !== undefined) return
    const stalled = () => this.#fail(new BadFrameError('the peer stalled inside a frame'))
    this.#stalled = this.#clock.after(this.#limits.stalledFrameMs, stalled)
  }

  #agree(offer: SessionFeatures): void {
    if (!this.#negotiation.settle(offer)) return
    this.#window.agree(offer.credit)
    if (this.#negotiation.credit) this.#ledger.agree()
    this.#outgoing.plan()
  }

  #deliver(party: Party, message: RpcMessage, taken: () => void): void {
    if (!this.#started[party]) {
      this.#early[party].push({ message, taken })
      return
    }
    const transport = party === 'client' ? this.clientTransport : this.serverTransport
    if (isSdkMessage(message)) transport.onmessage?.(message)
    taken()
  }

  #start(party: Party): void {
    this.#started[party] = true
    for (const { message, taken } of this.#early[party].splice(0)) this.#deliver(party, message, taken)
  }

  #fail(error: unknown): void {
    const code = error instanceof ToolmeshError ? error.code : 'internal'
    void this.close({ code, message: error instanceof Error ? error.message : String(error) })
  }

  #finish(end: SessionEnd): void {
    if (this.#end !== undefined) return
    this.#end = end
    this.#stalled?.()
    this.#credit.end()
    this.#outgoing.end(new SessionClosedError(`the session has ended: ${end.message}`))
    this.#move.end(new SessionClosedError(`the session has ended: ${end.message}`))
    this.offers.end()
    this.#fetches.end()
    this.#early.client.length = 0
    this.#early.server.length = 0
    this.#settleClosed(end)
    this.clientTransport.onclose?.()
    this.serverTransport.onclose?.()
  }
}

/** Why the peer says that it ends: counted, logged and kept for the next dial, so it has the form of our own. */
function toldEnd(code: string, message: string): SessionEnd {
  const known = Object.hasOwn(ERROR_TABLE, code) || code === ORDERLY.code || code === IDLE.code
  const readable = message.length <= MAX_REASON_CHARS
  return { code: known ? code : 'unavailable', message: readable ? message : 'the peer ended the session' }
}

/** The session of a stream; it reads from now on. */
export function createSession(init: SessionInit): MeshSession {
  return new MeshSession(init)
}

function noBlobs(): Promise<never> {
  return Promise.reject(new SessionClosedError('this side fetches no blobs'))
}
