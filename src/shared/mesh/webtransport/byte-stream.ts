/** Bytes in both directions, each with an end of its own: what a stream of QUIC or of a browser's WebTransport is to libp2p. */
export interface ByteStream {
  /**
   * The next bytes, at least one; undefined once the other side has ended its direction. One call at a time: bytes that
   * nobody reads are held back at the sender. Rejects when the other side gave up this direction, or the connection ended.
   */
  read(): Promise<Uint8Array | undefined>
  /** Takes the bytes, which must not change afterwards; false: wait for `writable` before more. Never throws. */
  write(bytes: Uint8Array): boolean
  /** Resolves when there is room again; rejects when nothing written will be read any more. */
  writable(): Promise<void>
  /** Ends the own direction behind all that was written; resolves when the transport has taken it. */
  end(): Promise<void>
  /** Gives up the own direction: what was not sent is dropped, the other side is told so where the transport can. */
  reset(): void
  /** Asks the other side to send no more; what comes is dropped. */
  stop(): void
  /** Resolves when the other side reads no more; stays pending on an orderly end. */
  readonly unread: Promise<void>
}

/** The two halves of a bidirectional stream, as the WHATWG streams of a browser or of Deno. */
export interface WebStreamPair {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
}

/**
 * Written and not yet taken by the platform. A WHATWG stream wants to be asked after each write, and answers from another thread;
 * with some writes under way it need not be waited for.
 */
const WRITE_AHEAD_BYTES = 256 * 1024

/** A pair of WHATWG streams, its reader and writer taken for its whole life. */
export function byteStreamOf({ readable, writable }: WebStreamPair): ByteStream {
  const reader = readable.getReader()
  const writer = writable.getWriter()
  const { promise: unread, resolve: onUnread } = Promise.withResolvers<void>()
  let unwritten = 0
  let room: PromiseWithResolvers<void> | undefined
  writer.closed.catch((error: unknown) => {
    onUnread()
    room?.reject(error)
  })
  writer.ready.catch(() => {})
  const written = (bytes: number) => {
    unwritten -= bytes
    if (unwritten > WRITE_AHEAD_BYTES / 2) return
    room?.resolve()
    room = undefined
  }
  return {
    async read() {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return undefined
        if (value.byteLength > 0) return value
      }
    },
    write(bytes) {
      const { byteLength } = bytes
      unwritten += byteLength
      // What breaks it is reported by `closed`.
      writer.write(bytes).then(
        () => written(byteLength),
        () => {},
      )
      return unwritten < WRITE_AHEAD_BYTES
    },
    async writable() {
      if (writer.desiredSize === null) return writer.closed
      if (unwritten < WRITE_AHEAD_BYTES) return
      room ??= Promise.withResolvers()
      return room.promise
    },
    end: () => writer.close(),
    reset() {
      writer.abort().catch(() => {})
    },
    stop() {
      reader.cancel().catch(() => {})
    },
    unread,
  }
}
