import type { Clock } from '../../clock.ts'
import type { Logger } from '../../logger.ts'
import type { Session, SessionEnd } from '../session-contract.ts'
import { endOf } from './opening-reason.ts'
import type { PooledPeer } from './pooled-peer.ts'
import type { KeepOptions, KeptConnection, KeptState } from './session-pool-contract.ts'

/** Ends that no retry mends: the peer says that the grant is gone, or it is another peer. */
const FINAL_CODES = new Set(['forbidden', 'unauthenticated'])

const STOPPED: SessionEnd = { code: 'closed', message: 'stopped' }

export interface KeptSessionInit {
  peerId: string
  peer: PooledPeer
  /** A session of the peer that is open. */
  open: () => Session | undefined
  options: KeepOptions
  clock: Clock
  logger: Logger
  /** In [0, 1). */
  random: () => number
  /** Longest first wait after a session that lasted, in milliseconds: many lose the same peer at once. */
  firstWaitMs: number
}

/** Keeps a session with one peer until its signal aborts, or the peer says that there is no grant. */
export class KeptSession implements KeptConnection {
  readonly #init: KeptSessionInit
  #state: KeptState = { phase: 'connecting' }
  #endWait: () => void = () => {}

  constructor(init: KeptSessionInit) {
    this.#init = init
  }

  get state(): KeptState {
    return this.#state
  }

  wake(): void {
    this.#init.peer.forgive()
    this.#endWait()
  }

  async run(): Promise<void> {
    const { options, peer } = this.#init
    const { signal } = options
    const release = peer.use()
    while (!signal.aborted) {
      this.#to({ phase: 'connecting' })
      const end = await this.#oneSession()
      if (signal.aborted) break
      if (FINAL_CODES.has(end.code)) {
        release()
        return this.#to({ phase: 'stopped', reason: end })
      }
      // Another one with the peer may have taken its place.
      if (this.#init.open() === undefined) await this.#wait(end)
    }
    release()
    this.#to({ phase: 'stopped', reason: STOPPED })
  }

  /** Stays until the session ends; also a failure to open one is an end. */
  async #oneSession(): Promise<SessionEnd> {
    const { peerId, peer, options, logger } = this.#init
    const { signal } = options
    let session: Session
    let release: () => void
    try {
      const given = await this.#addresses()
      session = await peer.session({ signal, addresses: given, waitMs: Number.POSITIVE_INFINITY, due: true })
      release = session.hold()
    } catch (error) {
      const end = endOf(error)
      logger('info', 'a peer could not be reached', { peer_id: peerId, ...end })
      return end
    }
    this.#to({ phase: 'online', session })
    const end = await endOrAbort(session, signal)
    release()
    if (signal.aborted) void peer.retire(session)
    return end
  }

  /** Whoever tells where the peer is may be away: then what is known of it has to do, and the failure counts where that is nothing. */
  async #addresses(): Promise<readonly string[]> {
    const { options, peer, peerId, logger } = this.#init
    if (this.#init.open() !== undefined) return []
    try {
      return (await options.addresses?.()) ?? []
    } catch (error) {
      const end = endOf(error)
      if (FINAL_CODES.has(end.code) || !peer.isKnown) {
        peer.failed(end)
        throw error
      }
      logger('info', 'where a peer is could not be asked', { peer_id: peerId, ...end })
      return []
    }
  }

  async #wait(reason: SessionEnd): Promise<void> {
    const { clock, random, options, peer, firstWaitMs } = this.#init
    const { signal } = options
    const ms = peer.waitMs > 0 ? peer.waitMs : random() * firstWaitMs
    const { promise, resolve } = Promise.withResolvers<void>()
    const end = () => resolve()
    this.#endWait = end
    this.#to({ phase: 'waiting', retryAt: clock.now() + ms, reason })
    const stop = clock.after(ms, end)
    signal.addEventListener('abort', end, { once: true })
    await promise
    stop()
    signal.removeEventListener('abort', end)
  }

  #to(state: KeptState): void {
    this.#state = state
    this.#init.options.onState(state)
  }
}

async function endOrAbort(session: Session, signal: AbortSignal): Promise<SessionEnd> {
  const { promise, resolve } = Promise.withResolvers<SessionEnd>()
  const abort = () => resolve(STOPPED)
  signal.addEventListener('abort', abort, { once: true })
  void session.closed.then(resolve)
  const end = await promise
  signal.removeEventListener('abort', abort)
  return end
}
