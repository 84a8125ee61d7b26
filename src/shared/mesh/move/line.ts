import type { Connection, Stream } from '@libp2p/interface'
import { BLOB_PROTOCOL } from '../blob-stream.ts'
import { pathOf } from '../connection-path.ts'
import type { MeshSession } from '../session.ts'
import { withFewerWindowUpdates } from '../workarounds/window-updates.ts'
import { MoveStream } from './move-stream.ts'

/** Milliseconds that a move may take from its stream on. */
const MOVE_MS = 10_000

/** Milliseconds that blobs have to end on a connection that their session has left; then they are resumed on the new one. */
const BLOBS_MS = 30_000
const LOOK_MS = 250

/** The connection that carries a session, which may change while the session goes on. */
export class Line {
  readonly session: MeshSession
  readonly #onMoved: () => void
  #connection: Connection

  constructor(session: MeshSession, connection: Connection, onMoved: () => void) {
    this.session = session
    this.#connection = connection
    this.#onMoved = onMoved
  }

  get connection(): Connection {
    return this.#connection
  }

  open(protocol: string, signal: AbortSignal): Promise<Stream> {
    return this.#connection.newStream(protocol, { signal, runOnLimitedConnection: true })
  }

  /**
   * Goes on over this stream of another connection with the same peer; the connection of now is closed when nothing is
   * under way on it. When the session does not take it, the other one is closed, and all is as it was.
   */
  async moveTo(stream: Stream, connection: Connection, signal: AbortSignal): Promise<void> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(MOVE_MS)])
    try {
      await this.session.moveTo(withFewerWindowUpdates(stream), pathOf(connection.remoteAddr), limit)
    } catch (error) {
      void closeWhenIdle(connection)
      throw error
    }
    void closeWhenIdle(this.#moved(connection))
  }

  /** The peer moves; it closes the connection of now. */
  async accept(stream: Stream, connection: Connection, yields: boolean): Promise<void> {
    const limit = AbortSignal.timeout(MOVE_MS)
    const next = new MoveStream(withFewerWindowUpdates(stream))
    await this.session.acceptMove(next, pathOf(connection.remoteAddr), limit, yields)
    this.#moved(connection)
  }

  #moved(connection: Connection): Connection {
    const left = this.#connection
    this.#connection = connection
    this.#onMoved()
    return left
  }
}

async function closeWhenIdle(connection: Connection): Promise<void> {
  const limit = AbortSignal.timeout(BLOBS_MS)
  while (!limit.aborted && connection.streams.some(({ protocol }) => protocol === BLOB_PROTOCOL)) {
    await new Promise(resolve => setTimeout(resolve, LOOK_MS))
  }
  try {
    await connection.close({ signal: AbortSignal.timeout(MOVE_MS) })
  } catch (error) {
    connection.abort(error instanceof Error ? error : new Error(String(error)))
  }
}
