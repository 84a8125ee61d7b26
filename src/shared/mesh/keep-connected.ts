import type { Clock } from '../clock.ts'
import { ToolmeshError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { MeshHost } from './host-contract.ts'
import type { Session, SessionEnd } from './session-contract.ts'

/** First upper bound of the wait after a failure, doubled for each further one; full jitter below it. */
const FIRST_BACKOFF_MS = 500
const LONGEST_BACKOFF_MS = 30_000

/** One round over all addresses takes at most so long, in milliseconds. */
const CONNECT_MS = 30_000

/** A session that lasted so long, in milliseconds, makes the next loss count as the first. */
const STEADY_MS = 10_000

/** Ends that no retry mends: the peer says that the grant is gone, or it is another peer. */
const FINAL_CODES = new Set(['forbidden', 'unauthenticated'])

export type KeptState =
  | { phase: 'connecting' }
  | { phase: 'online'; session: Session }
  /** `retryAt` in epoch milliseconds. */
  | { phase: 'waiting'; retryAt: number; reason: SessionEnd }
  | { phase: 'stopped'; reason: SessionEnd }

export interface KeepConnectedInit {
  host: Pick<MeshHost, 'connect'>
  peerId: string
  /** Where the peer may be, best first; asked before each round, so that news count. */
  addresses: () => string[] | Promise<string[]>
  clock: Clock
  logger: Logger
  /** In [0, 1). */
  random: () => number
  signal: AbortSignal
  /** Called on each change. */
  onState: (state: KeptState) => void
}

export interface KeptConnection {
  readonly state: KeptState
  /** There may be a network again: what waits is tried at once, from the shortest wait on. */
  wake(): void
}

/**
 * Keeps one session with a peer, by the first address that answers, until `signal` aborts or the peer says
 * that there is no grant. Waits between rounds: exponential backoff with full jitter (AWS Architecture Blog,
 * "Exponential Backoff And Jitter").
 */
export function keepConnected(init: KeepConnectedInit): KeptConnection {
  const kept = new Kept(init)
  void kept.run()
  return kept
}

class Kept implements KeptConnection {
  readonly #init: KeepConnectedInit
  #state: KeptState = { phase: 'connecting' }
  #failures = 0
  #endWait: () => void = () => {}

  constructor(init: KeepConnectedInit) {
    this.#init = init
  }

  get state(): KeptState {
    return this.#state
  }

  wake(): void {
    this.#failures = 0
    this.#endWait()
  }

  async run(): Promise<void> {
    const { signal } = this.#init
    while (!signal.aborted) {
      this.#to({ phase: 'connecting' })
      const end = await this.#oneSession()
      if (signal.aborted) break
      if (FINAL_CODES.has(end.code)) {
        this.#to({ phase: 'stopped', reason: end })
        return
      }
      await this.#wait(end)
    }
    this.#to({ phase: 'stopped', reason: { code: 'closed', message: 'stopped' } })
  }

  /** Connects and stays until the session ends; also a failed connect is an end. */
  async #oneSession(): Promise<SessionEnd> {
    const { host, peerId, addresses, clock, logger, signal } = this.#init
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_MS)])
      const session = await host.connect(await addresses(), { expect: peerId, signal: limit })
      const since = clock.monotonic()
      this.#to({ phase: 'online', session })
      const end = await endOf(session, signal)
      if (clock.monotonic() - since >= STEADY_MS) this.#failures = 0
      return end
    } catch (error) {
      const end = asEnd(error)
      logger('info', 'a peer could not be reached', { peer_id: peerId, ...end })
      return end
    }
  }

  async #wait(reason: SessionEnd): Promise<void> {
    const { clock, random, signal } = this.#init
    const most = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** this.#failures)
    this.#failures += 1
    const ms = random() * most
    this.#to({ phase: 'waiting', retryAt: clock.now() + ms, reason })
    const { promise, resolve } = Promise.withResolvers<void>()
    const stop = clock.after(ms, resolve)
    this.#endWait = resolve
    signal.addEventListener('abort', this.#endWait, { once: true })
    await promise
    stop()
    signal.removeEventListener('abort', this.#endWait)
  }

  #to(state: KeptState): void {
    this.#state = state
    this.#init.onState(state)
  }
}

async function endOf(session: Session, signal: AbortSignal): Promise<SessionEnd> {
  const { promise, resolve } = Promise.withResolvers<SessionEnd>()
  const abort = () => resolve({ code: 'closed', message: 'stopped' })
  signal.addEventListener('abort', abort, { once: true })
  void session.closed.then(resolve)
  const end = await promise
  signal.removeEventListener('abort', abort)
  return end
}

function asEnd(error: unknown): SessionEnd {
  if (error instanceof ToolmeshError) return { code: error.code, message: error.message }
  return { code: 'unavailable', message: error instanceof Error ? error.message : String(error) }
}
