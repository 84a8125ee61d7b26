import { QuicStreamError } from '../errors.ts'
import type { QuicConnection, QuicEnd, QuicStream } from '../quic.ts'
import { StreamInbox } from '../stream-inbox.ts'

type Ended = { reset: number } | 'ended'

/** One direction of a stream: what is written here is read there, in pieces of at most `pieces` bytes. */
class Direction {
  readonly #inbox = new StreamInbox<Uint8Array | Ended>()
  readonly #pieces: number
  readonly stopped = Promise.withResolvers<void>()
  resetCode: number | undefined
  stopCode: number | undefined
  #isOver = false

  constructor(pieces: number) {
    this.#pieces = pieces
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isOver) return false
    for (let at = 0; at < bytes.byteLength; at += this.#pieces)
      this.#inbox.put(bytes.slice(at, at + this.#pieces))
    return true
  }

  end(how: Ended): void {
    if (this.#isOver) return
    this.#isOver = true
    if (how !== 'ended') this.resetCode = how.reset
    this.#inbox.put(how)
  }

  stop(code: number): void {
    this.stopCode = code
    this.#isOver = true
    this.stopped.resolve()
  }

  async read(): Promise<Uint8Array | undefined> {
    const next = await this.#inbox.take()
    if (next instanceof Uint8Array) return next
    if (next === 'ended') return undefined
    throw new QuicStreamError('the stream was reset')
  }

  lose(): void {
    this.#isOver = true
    this.#inbox.put({ reset: 0 })
  }
}

export interface MemoryStream extends QuicStream {
  /** Codes by which the other side gave up: its own direction, and this side's. */
  readonly resetBy: () => number | undefined
  readonly stoppedBy: () => number | undefined
}

class MemoryConnection implements QuicConnection {
  readonly remoteAddress = { host: '127.0.0.1', port: 1 }
  readonly closed: Promise<QuicEnd>
  readonly #end = Promise.withResolvers<QuicEnd>()
  readonly incoming = [new StreamInbox<QuicStream>(), new StreamInbox<QuicStream>()] as const
  readonly directions = new Set<Direction>()
  peer: MemoryConnection | undefined
  readonly #nextId: [number, number]
  readonly #pieces: number

  constructor(isServer: boolean, pieces: number) {
    this.#nextId = isServer ? [1, 3] : [0, 2]
    this.#pieces = pieces
    this.closed = this.#end.promise
  }

  accept(): Promise<QuicStream | undefined> {
    return this.incoming[0].take()
  }

  acceptUnidirectional(): Promise<QuicStream | undefined> {
    return this.incoming[1].take()
  }

  async open(): Promise<MemoryStream> {
    return this.#open(0)
  }

  async openUnidirectional(): Promise<MemoryStream> {
    return this.#open(1)
  }

  close(code: number, reason: string): void {
    for (const side of [this, this.peer]) side?.over({ code, reason })
  }

  over(end: QuicEnd): void {
    this.#end.resolve(end)
    for (const inbox of this.incoming) inbox.end()
    for (const direction of this.directions) direction.lose()
  }

  #open(kind: 0 | 1): MemoryStream {
    const [out, back] = [new Direction(this.#pieces), new Direction(this.#pieces)]
    const id = this.#nextId[kind]
    this.#nextId[kind] += 4
    for (const side of [this, this.peer]) for (const direction of [out, back]) side?.directions.add(direction)
    this.peer?.incoming[kind].put(streamOf(id, back, out))
    return streamOf(id, out, back)
  }
}

function streamOf(id: number, out: Direction, back: Direction): MemoryStream {
  return {
    id,
    read: () => back.read(),
    write: bytes => out.write(bytes),
    writable: async () => {},
    end: async () => out.end('ended'),
    reset: (code = 0) => out.end({ reset: code }),
    stop: (code = 0) => back.stop(code),
    unread: out.stopped.promise,
    resetBy: () => back.resetCode,
    stoppedBy: () => out.stopCode,
  }
}

/** Both ends of a connection within the process, whose streams come in pieces of at most `pieces` bytes. */
export function memoryQuic(pieces = 64 * 1024): { client: MemoryConnection; server: MemoryConnection } {
  const [client, server] = [new MemoryConnection(false, pieces), new MemoryConnection(true, pieces)]
  client.peer = server
  server.peer = client
  return { client, server }
}
