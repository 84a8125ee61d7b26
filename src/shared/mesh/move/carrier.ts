import type { Connection, Stream } from '@libp2p/interface'
import type { Clock } from '../../clock.ts'
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
export class Carrier {
  readonly session: MeshSession
  readonly #clock: Clock
  readonly #onMoved: () => void
  #connection: Connection

  constructor(session: MeshSession, connection: Connection, clock: Clock, onMoved: () => void) {
    this.session = session
    this.#connection = connection
    this.#clock = clock
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
      this.#closeWhenIdle(connection)
      throw error
    }
    this.#closeWhenIdle(this.#moved(connection))
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

  #closeWhenIdle(connection: Connection): void {
    const until = this.#clock.monotonic() + BLOBS_MS
    const look = (): void => {
      const isBusy = connection.streams.some(({ protocol }) => protocol === BLOB_PROTOCOL)
      if (isBusy && this.#clock.monotonic() < until) {
        this.#clock.after(LOOK_MS, look)
        return
      }
      connection
        .close({ signal: AbortSignal.timeout(MOVE_MS) })
        .catch(error => connection.abort(error instanceof Error ? error : new Error(String(error))))
    }
    look()
  }
}
