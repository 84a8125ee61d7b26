import type { Stream } from '@libp2p/interface'
import type { CreditWindow } from './credit.ts'
import { OutgoingFullError, SessionClosedError, UnreadAnswersError } from './errors.ts'
import type { SessionLimits } from './session-limits.ts'

/** Lanes in the order in which they are served; see `SessionLimits` for what each may use of the window. */
export type Lane = 'urgent' | 'reply' | 'request'

interface Queued {
  frame: Uint8Array
  /** Credit counts it. */
  counted: boolean
  resolve: () => void
  reject: (error: Error) => void
}

export type OutgoingLimits = Pick<
  SessionLimits,
  'windowForReplies' | 'windowForUrgent' | 'queued' | 'unread' | 'streamBuffer'
>

/**
 * The frames that wait to be written. Frames of one tick are written together; a full window or a full
 * stream holds back all lanes but the ones that have room kept for them.
 */
export class Outgoing {
  #stream: Stream
  readonly #window: CreditWindow
  readonly #limits: OutgoingLimits
  readonly #lanes: Record<Lane, Queued[]> = { urgent: [], reply: [], request: [] }
  readonly #reserved: Record<Lane, number>
  readonly #onUnread: (error: Error) => void
  #queuedBytes = 0
  /** What was handed to the stream. */
  readonly written = { bytes: 0, messages: 0 }
  #flushPlanned = false
  #ended: Error | undefined

  /** `onUnread`: so much waits that the peer must be taken for one that does not read. */
  constructor(
    stream: Stream,
    window: CreditWindow,
    limits: OutgoingLimits,
    onUnread: (error: Error) => void,
  ) {
    this.#onUnread = onUnread
    this.#stream = stream
    this.#window = window
    this.#limits = limits
    this.#reserved = {
      urgent: 0,
      reply: limits.windowForUrgent,
      request: limits.windowForUrgent + limits.windowForReplies,
    }
    this.#listen()
  }

  /** Writes what waits, and everything later, to another stream; `last` goes as the last frame of the one before. */
  moveTo(stream: Stream, last: Uint8Array): void {
    this.#stream.send(last)
    this.#stream = stream
    this.#listen()
    this.plan()
  }

  #listen(): void {
    this.#stream.addEventListener('drain', () => this.plan())
    this.#stream.addEventListener('idle', () => this.plan())
  }

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  /**
   * Resolves when the frame was handed to the stream; `withdraw` takes it back before that.
   * Throws `rate_limited` when too much waits and the frame is not one that must go (`mustGo`).
   */
  send(frame: Uint8Array, lane: Lane, options: { mustGo: boolean; counted?: boolean }): Promise<void> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    if (!options.mustGo && this.#queuedBytes + frame.byteLength > this.#limits.queued) {
      return Promise.reject(new OutgoingFullError(this.#queuedBytes, this.#limits.queued))
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#lanes[lane].push({ frame, counted: options.counted ?? true, resolve, reject })
    this.#queuedBytes += frame.byteLength
    this.plan()
    if (this.#queuedBytes > this.#limits.unread) this.#onUnread(new UnreadAnswersError(this.#queuedBytes))
    return promise
  }

  /** Takes back a frame that was not yet written; false when it was. */
  withdraw(frame: Uint8Array): boolean {
    for (const lane of Object.values(this.#lanes)) {
      const index = lane.findIndex(item => item.frame === frame)
      const item = lane[index]
      if (item === undefined) continue
      lane.splice(index, 1)
      this.#queuedBytes -= frame.byteLength
      item.resolve()
      return true
    }
    return false
  }

  /** Writes what may go at the end of this tick: after a change of the window, for one. */
  plan(): void {
    if (this.#flushPlanned || this.#queuedBytes === 0) return
    this.#flushPlanned = true
    queueMicrotask(() => this.flush())
  }

  /** Rejects what waits and everything later. */
  end(reason: Error = new SessionClosedError('the session has ended')): void {
    if (this.#ended !== undefined) return
    this.#ended = reason
    for (const lane of Object.values(this.#lanes)) {
      for (const item of lane.splice(0)) item.reject(reason)
    }
    this.#queuedBytes = 0
  }

  /** Writes what may go, now. */
  flush(): void {
    this.#flushPlanned = false
    const batch: Queued[] = []
    let bytes = 0
    for (const lane of ['urgent', 'reply', 'request'] as const) {
      const queue = this.#lanes[lane]
      let taken = 0
      for (const item of queue) {
        if (this.#stream.writeBufferLength + bytes >= this.#limits.streamBuffer) break
        if (item.counted && !this.#window.admits(item.frame.byteLength, this.#reserved[lane])) break
        if (item.counted) this.#window.sent(item.frame.byteLength)
        bytes += item.frame.byteLength
        batch.push(item)
        taken += 1
      }
      queue.splice(0, taken)
    }
    if (batch.length === 0) return
    this.#queuedBytes -= bytes
    try {
      this.#stream.send(join(batch, bytes))
    } catch (cause) {
      const error = new SessionClosedError('the stream takes no more', { cause })
      for (const item of batch) item.reject(error)
      return
    }
    this.written.bytes += bytes
    this.written.messages += batch.length
    for (const item of batch) item.resolve()
    this.plan()
  }
}

function join(batch: Queued[], bytes: number): Uint8Array {
  const [first] = batch
  if (batch.length === 1 && first !== undefined) return first.frame
  const joined = new Uint8Array(bytes)
  let at = 0
  for (const item of batch) {
    joined.set(item.frame, at)
    at += item.frame.byteLength
  }
  return joined
}
