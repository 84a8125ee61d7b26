import type { Clock } from '../../clock.ts'
import { ERROR_TABLE, type ErrorCode, ToolmeshError } from '../../errors.ts'
import type { MeshHost } from '../host-contract.ts'
import type { Session, SessionEnd } from '../session-contract.ts'
import { Backoff } from './backoff.ts'
import type { OpeningQueue } from './opening-queue.ts'
import { endOf } from './opening-reason.ts'
import type { PoolFigures } from './pool-figures.ts'
import type { PoolLimits } from './pool-limits.ts'

/** Milliseconds that a peer has to agree to the end of an idle session. */
const RETIRE_MS = 10_000

export interface PooledPeerInit {
  peerId: string
  host: Pick<MeshHost, 'connect' | 'session'>
  /** Multiaddrs of the peer, best first: what is known, and what a wish gave. */
  addressesOf: (peerId: string, given: readonly string[]) => readonly string[]
  queue: OpeningQueue
  figures: PoolFigures
  clock: Clock
  random: () => number
  limits: PoolLimits
}

export interface Wish {
  signal: AbortSignal
  addresses: readonly string[]
  /** Milliseconds that it waits at most. */
  waitMs: number
  /** It has waited for its turn already. */
  due?: boolean
}

/** One opening, for all who wish for the session meanwhile. */
interface Opening {
  session: Promise<Session>
  addresses: ReadonlySet<string>
  control: AbortController
  wishes: number
}

/** What the pool knows of one peer: at most one opening at once, how its failures weigh, and when its session is idle. */
export class PooledPeer {
  readonly #init: PooledPeerInit
  readonly #backoff: Backoff
  #opening: Opening | undefined
  /** Addresses of the last round that failed: a wish with another one need not wait. */
  #failedAt: ReadonlySet<string> = new Set()
  /** Until when nothing opens a session by itself, on the monotonic clock. */
  #alone = 0
  #openings = 0
  #users = 0
  #current: Session | undefined
  /** Ended from here: that is no failure of the peer. */
  #dropped: Session | undefined
  #retiring: Promise<unknown> | undefined
  #stopIdle: () => void = () => {}

  constructor(init: PooledPeerInit) {
    this.#init = init
    this.#backoff = new Backoff(init)
  }

  /** Whether it can be forgotten: nothing is open, under way or wished for. */
  get isUnused(): boolean {
    return this.#users === 0 && this.#opening === undefined && this.#current === undefined
  }

  /** Whether an address of it is known without being told. */
  get isKnown(): boolean {
    return this.#init.addressesOf(this.#init.peerId, []).length > 0
  }

  /** How often a session was opened, or tried to be. */
  get openings(): number {
    return this.#openings
  }

  /** Somebody uses or keeps it: it is not forgotten until the returned function is called. */
  use(): () => void {
    this.#users += 1
    return () => {
      this.#users -= 1
    }
  }

  /** Milliseconds until something may open a session by itself again. */
  get waitMs(): number {
    return Math.max(this.#backoff.remainingMs, this.#alone - this.#init.clock.monotonic())
  }

  /** The next try need not wait. */
  forgive(): void {
    this.#backoff.worked()
    this.#alone = 0
  }

  failed(reason: SessionEnd): void {
    this.#backoff.failed(reason)
  }

  /** Lets nothing open a session by itself for a moment, and gives up what is being opened. */
  leaveAlone(): void {
    const { clock, limits } = this.#init
    this.#alone = clock.monotonic() + limits.afterDropMs
    this.#dropped = this.#current
    this.#opening?.control.abort(new ToolmeshError('cancelled', 'the peer was disconnected'))
  }

  /** The session that is open, or one that is opened. Throws as `SessionPool.use`. */
  async session(wish: Wish): Promise<Session> {
    const { host, peerId, clock } = this.#init
    const began = clock.monotonic()
    let due = wish.due === true
    for (;;) {
      wish.signal.throwIfAborted()
      await this.#retiring
      if (this.#opening?.control.signal.aborted === true) {
        await this.#opening.session.catch(() => {})
        continue
      }
      const open = host.session(peerId)
      if (open !== undefined) return open
      const leftMs = wish.waitMs - (clock.monotonic() - began)
      if (this.#opening === undefined) {
        const addresses = this.#addresses(wish)
        const waitMs = due || this.#isNew(addresses) ? 0 : this.#backoff.remainingMs
        if (waitMs > 0) {
          if (waitMs > leftMs) throw this.#refusal()
          await this.#pause(waitMs, wish.signal)
          continue
        }
        this.#open(addresses, began)
      }
      due = false
      const joined = this.#opening
      if (joined === undefined) continue
      try {
        return await this.#join(joined, wish.signal, leftMs)
      } catch (error) {
        const isOver = joined !== this.#opening
        if (!isOver || wish.signal.aborted || !this.#hasOther(wish, joined)) throw error
      }
    }
  }

  /** A session with the peer has begun, whoever opened it. */
  attach(session: Session): void {
    const { clock, figures, limits } = this.#init
    const since = clock.monotonic()
    this.#current = session
    this.#watchIdle(session)
    void session.closed.then(end => {
      figures.ended(end.code)
      const isSteady = clock.monotonic() - since >= limits.steadyMs
      if (this.#current === session) {
        this.#current = undefined
        this.#stopIdle()
        const isFailure = !isSteady && end.code !== 'idle' && this.#dropped !== session
        if (isFailure) this.#backoff.failed(end)
      }
      if (isSteady) this.#backoff.worked()
    })
  }

  /** Ends the session that this side opened, if nobody uses it. */
  async retire(session: Session): Promise<void> {
    if (session.direction === 'inbound' || session !== this.#current || this.#retiring !== undefined) return
    const late = new AbortController()
    const stop = this.#init.clock.after(RETIRE_MS, () => late.abort())
    this.#retiring = session.retire(late.signal).catch(() => false)
    await this.#retiring
    this.#retiring = undefined
    stop()
  }

  stop(): void {
    this.#stopIdle()
    this.#opening?.control.abort(new ToolmeshError('cancelled', 'this side ends'))
  }

  #addresses({ addresses }: Wish): readonly string[] {
    const { addressesOf, peerId } = this.#init
    const found = addressesOf(peerId, addresses)
    if (found.length > 0) return found
    throw new ToolmeshError('not_found', `no address of peer ${peerId} is known`)
  }

  #isNew(addresses: readonly string[]): boolean {
    return this.#failedAt.size > 0 && addresses.some(address => !this.#failedAt.has(address))
  }

  #hasOther(wish: Wish, { addresses }: Opening): boolean {
    return wish.addresses.some(address => !addresses.has(address))
  }

  #open(addresses: readonly string[], began: number): void {
    const { host, peerId, queue, clock, limits, figures } = this.#init
    this.#openings += 1
    const control = new AbortController()
    const { signal } = control
    const late = `no session with peer ${peerId} within ${limits.openMs} ms`
    const stop = clock.after(limits.openMs, () => control.abort(new ToolmeshError('unavailable', late)))
    const connect = () => host.connect([...addresses], { expect: peerId, signal })
    const opening: Opening = {
      addresses: new Set(addresses),
      control,
      wishes: 0,
      session: queue.run(connect, signal).finally(() => {
        stop()
        if (this.#opening === opening) this.#opening = undefined
      }),
    }
    this.#opening = opening
    opening.session.then(
      () => {
        this.#failedAt = new Set()
        figures.opened(clock.monotonic() - began)
      },
      error => {
        const end = endOf(error)
        // Given up before it ended, which says nothing of the peer.
        if (end.code === 'cancelled') return
        this.#failedAt = opening.addresses
        this.#backoff.failed(end)
        figures.failed(end.code)
      },
    )
  }

  /** Waits with others for an opening, which is given up when nobody waits for it any more. */
  async #join(opening: Opening, signal: AbortSignal, leftMs: number): Promise<Session> {
    const { clock, peerId } = this.#init
    const { promise, reject } = Promise.withResolvers<never>()
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    const stop = Number.isFinite(leftMs)
      ? clock.after(Math.max(0, leftMs), () =>
          reject(new ToolmeshError('unavailable', `no session with peer ${peerId} in the time given`)),
        )
      : () => {}
    opening.wishes += 1
    try {
      return await Promise.race([opening.session, promise])
    } finally {
      stop()
      signal.removeEventListener('abort', abort)
      opening.wishes -= 1
      if (opening.wishes === 0) opening.control.abort(new ToolmeshError('cancelled', 'nobody waits any more'))
    }
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const stop = this.#init.clock.after(ms, resolve)
    signal.addEventListener('abort', () => resolve(), { once: true })
    await promise
    stop()
  }

  #refusal(): ToolmeshError {
    const { peerId } = this.#init
    const { code, message } = this.#backoff.reason ?? {
      code: 'unavailable',
      message: 'its last session ended',
    }
    const why = `peer ${peerId} is not tried again yet: ${message}`
    return new ToolmeshError(isErrorCode(code) ? code : 'unavailable', why, {
      retry_after_ms: Math.ceil(this.#backoff.remainingMs),
    })
  }

  /** What the peer opened is the peer's to close. */
  #watchIdle(session: Session): void {
    this.#stopIdle()
    if (session.direction === 'inbound') return
    const { clock, limits } = this.#init
    const plan = (ms: number) => {
      this.#stopIdle = clock.after(ms, () => void look())
    }
    const look = async (): Promise<void> => {
      const idleMs = session.idleMs()
      if (idleMs < limits.idleMs) return plan(limits.idleMs - idleMs)
      await this.retire(session)
      if (this.#current === session) plan(limits.idleMs)
    }
    plan(limits.idleMs)
  }
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_TABLE, code)
}
