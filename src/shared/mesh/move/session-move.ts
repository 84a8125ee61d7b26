/**
 * `/toolmesh/move/1.0.0` (docs/PROTOCOL.md "Moving to a better path"): a session goes on over another stream, of a better
 * connection, and nothing that is under way is lost or repeated. Whoever begins tells a token in the session
 * (`notifications/toolmesh/move`) and by the first frame of the new stream; the other side, which has seen both, answers
 * there. Each side then ends its half of the old stream by `notifications/toolmesh/moved` and writes to the new one; each
 * reads the old one up to there before it reads the new one.
 */
import { z } from 'zod'
import { ToolmeshError } from '../../errors.ts'
import { BadFrameError } from '../errors.ts'
import type { MoveStream } from './move-stream.ts'

export const MOVE_PROTOCOL = '/toolmesh/move/1.0.0'

export const MOVE_METHOD = 'notifications/toolmesh/move'
export const MOVED_METHOD = 'notifications/toolmesh/moved'

const tokenSchema = z.object({ token: z.string().min(1).max(64) })
const readySchema = z.object({ ready: z.string().max(64) })

export interface SessionMoveInit {
  /** Sends `notifications/toolmesh/move` in the session. */
  tell: (token: string) => void
  /** Ends our half of the stream of now by the marker, and writes to this one from then on. */
  write: (next: MoveStream) => void
  /** Reads from this one from now on. */
  read: (next: MoveStream) => void
}

interface Move {
  next: MoveStream
  /** We began it. */
  ours: boolean
  wrote: boolean
  read: boolean
  done: PromiseWithResolvers<void>
}

/** The move of one session that is under way, one at a time. */
export class SessionMove {
  readonly #init: SessionMoveInit
  #move: Move | undefined
  #count = 0
  /** The token that the peer told last, and who waits for it. */
  #told: string | undefined
  #onTold: () => void = () => {}

  constructor(init: SessionMoveInit) {
    this.#init = init
  }

  /** Moves to a new stream; resolves when both halves have moved. Throws `conflict` when another move is under way or wins. */
  async begin(next: MoveStream, signal: AbortSignal): Promise<void> {
    this.#count += 1
    const token = `${this.#count}`
    const move = this.#open(next, true)
    try {
      next.send({ token })
      this.#init.tell(token)
      const { ready } = readySchema.parse(await next.first(signal))
      if (ready !== token) throw new ToolmeshError('conflict', 'the peer answered another move')
      if (this.#move !== move) throw overtaken()
    } catch (error) {
      next.abort(error)
      if (this.#move === move) this.#move = undefined
      throw error
    }
    this.#write(move)
    return move.done.promise
  }

  /**
   * Takes the move that the peer begins; resolves when both halves have moved. `yields`: of two that crossed it is the
   * peer's that holds. Throws `conflict` else.
   */
  async accept(next: MoveStream, signal: AbortSignal, yields: boolean): Promise<void> {
    const { token } = tokenSchema.parse(await next.first(signal))
    await this.#untilTold(token, signal)
    if (this.#move !== undefined && (!yields || !this.#move.ours || this.#move.wrote)) throw overtaken()
    this.#move?.next.abort(overtaken())
    const move = this.#open(next, false)
    next.send({ ready: token })
    this.#write(move)
    return move.done.promise
  }

  /** The peer tells of a move that it begins. */
  told(token: unknown): void {
    if (typeof token !== 'string') return
    this.#told = token
    this.#onTold()
  }

  /** The peer's half of the old stream has ended. Throws `bad_frame` when no move is under way. */
  peerMoved(): void {
    const move = this.#move
    if (move === undefined || move.read) throw new BadFrameError('the peer moved, and no move was under way')
    move.read = true
    this.#init.read(move.next)
    this.#settle(move)
  }

  /** The session has ended. */
  end(error: Error): void {
    this.#move?.done.reject(error)
    this.#move?.next.abort(error)
    this.#move = undefined
  }

  #open(next: MoveStream, ours: boolean): Move {
    if (ours && this.#move !== undefined) throw overtaken()
    const move = { next, ours, wrote: false, read: false, done: Promise.withResolvers<void>() }
    move.done.promise.catch(() => {})
    this.#move = move
    return move
  }

  #write(move: Move): void {
    move.wrote = true
    this.#init.write(move.next)
    this.#settle(move)
  }

  #settle(move: Move): void {
    if (!move.wrote || !move.read) return
    if (this.#move === move) this.#move = undefined
    move.done.resolve()
  }

  async #untilTold(token: string, signal: AbortSignal): Promise<void> {
    const abort = Promise.withResolvers<never>()
    abort.promise.catch(() => {})
    const onAbort = () => abort.reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      while (this.#told !== token) {
        signal.throwIfAborted()
        const news = Promise.withResolvers<void>()
        this.#onTold = news.resolve
        await Promise.race([news.promise, abort.promise])
      }
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }
}

function overtaken(): ToolmeshError {
  return new ToolmeshError('conflict', 'another move of this session is under way')
}
