import type { Clock } from '../../clock.ts'
import type { Logger } from '../../logger.ts'
import type { MeshHost } from '../host-contract.ts'
import { RelayLimitError } from '../relay/errors.ts'
import type { RemainingLimits } from '../relay/remaining-limits.ts'
import type { Session } from '../session-contract.ts'
import { directAddresses } from './direct-addresses.ts'

/** Milliseconds before the tries for a direct path, each with a quarter of jitter; there are no more. */
const TRIES_MS = [0, 5_000, 15_000, 45_000, 120_000, 300_000, 600_000, 1_200_000]

/** Whoever dialled tries first: two tries that cross hinder each other. Milliseconds. */
const ACCEPTED_LATER_MS = 3_000

/** Milliseconds for one try, over all addresses. */
const TRY_MS = 20_000

/** How often what the relay lets through is looked at, in milliseconds. */
const LOOK_MS = 500

/** The part of a limit that is left when the session moves to another relayed connection, and at most so many milliseconds. */
const RESERVE = 0.25
const RESERVE_MS = 60_000

/** So little left, in bytes and milliseconds, that the session ends with the reason before the relay cuts it. */
const LAST_BYTES = 32 * 1024
const LAST_MS = 2_000

/** Milliseconds between two tries for another relayed connection. */
const RENEW_PAUSE_MS = 5_000

export interface RelayedSessionInit {
  host: Pick<MeshHost, 'improve' | 'limitsOf' | 'remoteAddress' | 'roundTrip'>
  session: Session
  /** Where its peer may be, as far as is known. */
  addressesOf: (peerId: string) => readonly string[]
  /** Whether a direct path is looked for. */
  direct: boolean
  clock: Clock
  logger: Logger
  /** In [0, 1). */
  random: () => number
  signal: AbortSignal
}

/**
 * Looks after a session while it goes through a relay: moves it to a direct path as soon as there is one, and to another
 * relayed connection before the limits of this one are used up.
 */
export class RelayedSession {
  readonly #init: RelayedSessionInit
  readonly #stops = new Set<() => void>()
  /** What the relay let through at first. */
  readonly #whole: RemainingLimits
  #tries = 0
  #renewing = false
  #renewAfter = 0
  #busy = false

  constructor(init: RelayedSessionInit) {
    this.#init = init
    this.#whole = init.host.limitsOf(init.session) ?? {}
    init.signal.addEventListener('abort', () => {
      for (const stop of this.#stops) stop()
    })
    if (init.direct) this.#planTry(this.#init.session.direction === 'outbound' ? 0 : ACCEPTED_LATER_MS)
    if (this.#whole.bytes !== undefined || this.#whole.ms !== undefined) this.#planLook()
  }

  /** There may be a direct path now that there was none before. */
  tryAgain(): void {
    if (!this.#init.direct || this.#busy) return
    this.#tries = 0
    this.#planTry(0)
  }

  #planTry(moreMs: number): void {
    const base = TRIES_MS[this.#tries]
    if (base === undefined) return
    this.#tries += 1
    this.#busy = true
    this.#after(moreMs + base * (0.75 + this.#init.random() / 2), async () => {
      await this.#try()
      this.#busy = false
      if (!this.#init.signal.aborted) this.#planTry(0)
    })
  }

  async #try(): Promise<void> {
    const { host, session, addressesOf, clock, logger, signal } = this.#init
    const { peerId } = session
    const before = host.roundTrip(peerId)
    const began = clock.monotonic()
    const addresses = directAddresses(addressesOf(peerId), host.remoteAddress(session))
    try {
      const path = await host.improve(session, addresses, this.#within(TRY_MS))
      const ms = Math.round(clock.monotonic() - began)
      logger('info', 'a session goes by a direct path now', {
        peer_id: peerId,
        path,
        ms,
        relayed_rtt_ms: before,
      })
    } catch (error) {
      if (signal.aborted) return
      logger('debug', 'no direct path', { peer_id: peerId, tries: this.#tries, error: String(error) })
    }
  }

  #planLook(): void {
    this.#after(LOOK_MS, () => {
      this.#look()
      if (!this.#init.signal.aborted) this.#planLook()
    })
  }

  #look(): void {
    const { host, session, clock } = this.#init
    const { bytes = Number.POSITIVE_INFINITY, ms = Number.POSITIVE_INFINITY } = host.limitsOf(session) ?? {}
    if (bytes < LAST_BYTES || ms < LAST_MS) {
      const { code, message } = new RelayLimitError(bytes < LAST_BYTES ? 'bytes' : 'time', this.#whole)
      void session.close({ code, message })
      return
    }
    // Whoever dialled has shown that it can reach the other through this relay.
    const share = session.direction === 'outbound' ? RESERVE : RESERVE / 2
    const { bytes: allBytes = 0, ms: allMs = 0 } = this.#whole
    const low = bytes < allBytes * share || ms < Math.min(allMs * share, RESERVE_MS)
    if (low && !this.#renewing && clock.monotonic() >= this.#renewAfter) void this.#renew()
  }

  async #renew(): Promise<void> {
    const { host, session, clock, logger } = this.#init
    this.#renewing = true
    try {
      const address = host.remoteAddress(session)
      if (address !== undefined) await host.improve(session, [address], this.#within(TRY_MS))
    } catch (error) {
      logger('warning', 'no other relayed connection', { peer_id: session.peerId, error: String(error) })
    } finally {
      this.#renewing = false
      this.#renewAfter = clock.monotonic() + RENEW_PAUSE_MS
    }
  }

  #after(ms: number, fn: () => void): void {
    const stop = this.#init.clock.after(ms, () => {
      this.#stops.delete(stop)
      if (!this.#init.signal.aborted) fn()
    })
    this.#stops.add(stop)
  }

  #within(ms: number): AbortSignal {
    return AbortSignal.any([this.#init.signal, AbortSignal.timeout(ms)])
  }
}
