import type { Clock } from '../../clock.ts'
import { ToolmeshError } from '../../errors.ts'
import type { Logger } from '../../logger.ts'
import type { MeshHost } from '../../mesh/host-contract.ts'
import type { KeptConnection, KeptState, SessionPool } from '../../mesh/pool/session-pool-contract.ts'
import type { Session, SessionEnd } from '../../mesh/session-contract.ts'
import type { Announcement } from '../../queue/work.ts'
import type { AttemptRunner } from '../../queue/worker/attempt-runner.ts'
import { Announcer } from './announcer.ts'
import { ClaimLoop } from './claim-loop.ts'
import type { RedeemedGrant } from './owner-client.ts'
import type { PeerEndpoint } from './peer-endpoint.ts'

export interface OwnerLinkOptions {
  host: Pick<MeshHost, 'ping'>
  pool: Pick<SessionPool, 'keep' | 'drop'>
  ownerId: string
  /** Where the owner listens now, best first; asked again before each round of dials. */
  addresses: () => Promise<string[]>
  /** Whether the owner took this peer before: then the peer id is enough. */
  granted: boolean
  /** The invite's secret, for an owner that does not know this peer (any more). */
  secret: string | undefined
  /** The owner took the invite: from now on the peer id is enough. */
  onGranted: (grant: RedeemedGrant | undefined) => Promise<void>
  runner: AttemptRunner
  /** The endpoint of a new session with the owner, which serves its attempts. */
  open: (session: Session) => PeerEndpoint
  /** What this worker offers to the owner, as it is now. */
  announcement: () => Announcement
  /** The worker comes for its work (`toolmesh/claim`) instead of being pushed to. Default false. */
  pull?: boolean
  clock: Clock
  logger: Logger
  onState: (state: LinkState) => void
}

export type LinkState =
  | { phase: 'connecting' }
  | { phase: 'online'; session: Session }
  | { phase: 'reconnecting'; retryAt: number; reason: SessionEnd }
  /** The owner will not have this peer; no further try is made. */
  | { phase: 'refused'; why: string }

/** Answers of an owner that no further try changes. */
const REFUSALS: ReadonlySet<string> = new Set(['unauthenticated', 'forbidden'])

/** A worker's link with an owner that invited it: introduced, announced, and made again whenever it is lost. */
export class OwnerLink {
  readonly #options: OwnerLinkOptions
  readonly #ending = new AbortController()
  readonly #kept: KeptConnection
  #granted: boolean
  #redeemed = false
  #announcer: Announcer | undefined
  #endpoint: PeerEndpoint | undefined
  #claims: ClaimLoop | undefined

  constructor(options: OwnerLinkOptions) {
    this.#options = options
    this.#granted = options.granted
    const { pool, ownerId, addresses } = options
    this.#kept = pool.keep(ownerId, {
      addresses,
      signal: this.#ending.signal,
      onState: state => this.#onKept(state),
    })
    const stop = options.runner.onChange(() => {
      this.offerChanged()
      this.#claims?.roomChanged()
    })
    this.#ending.signal.addEventListener('abort', stop, { once: true })
  }

  /** There may be a network again. */
  wake(): void {
    this.#kept.wake()
  }

  /** What is announced may have changed. */
  offerChanged(): void {
    this.#announcer?.changed()
  }

  /** Hands over the outcomes that the owner has not confirmed; rejects while there is no session. */
  async deliver(): Promise<void> {
    const endpoint = this.#endpoint
    if (endpoint === undefined)
      throw new ToolmeshError('owner_unreachable', 'there is no session with the owner')
    await this.#options.runner.flush(this.#options.ownerId, reports => endpoint.complete(reports))
  }

  async close(): Promise<void> {
    this.#ending.abort()
    await this.#options.pool.drop(this.#options.ownerId)
  }

  #onKept(state: KeptState): void {
    if (this.#ending.signal.aborted) return
    if (state.phase === 'online') {
      void this.#serve(state.session)
      return
    }
    this.#endpoint = undefined
    this.#announcer = undefined
    this.#claims?.stop()
    this.#claims = undefined
    if (state.phase === 'waiting') {
      const { retryAt, reason } = state
      this.#to({ phase: 'reconnecting', retryAt, reason })
    } else if (state.phase === 'connecting') this.#to({ phase: 'connecting' })
    else this.#refused(state.reason.message)
  }

  /** What a new session begins with: the invite (once), the announcement, the outcomes kept from before. */
  async #serve(session: Session): Promise<void> {
    try {
      const endpoint = this.#options.open(session)
      const announcer = new Announcer({
        send: announcement => endpoint.announce(announcement),
        current: () => this.#offer(),
        onFailure: error => this.#failed(session, error),
      })
      await this.#introduce(endpoint, announcer)
      this.#endpoint = endpoint
      this.#announcer = announcer
      this.#to({ phase: 'online', session })
      // Known at once, not only after the first regular ping.
      void this.#options.host.ping(session.peerId).catch(() => {})
      await this.deliver()
      if (this.#options.pull === true) this.#pull(session, endpoint)
    } catch (error) {
      this.#failed(session, error)
    }
  }

  /** What is granted holds from here on, as leases may come before the answer; who pulls grants no pushes. */
  #offer(): Announcement {
    const { announcement, runner, ownerId, pull = false } = this.#options
    const offer = announcement()
    runner.grant(ownerId, offer.credits)
    return pull ? { ...offer, credits: 0 } : offer
  }

  #pull(session: Session, endpoint: PeerEndpoint): void {
    const { runner, ownerId, clock } = this.#options
    const claims = new ClaimLoop({
      claim: max => endpoint.claim(max),
      heartbeat: leases => endpoint.heartbeat(leases),
      start: assignments => endpoint.start(assignments),
      room: () => runner.roomFor(ownerId),
      live: () => runner.live(ownerId).map(({ task_id, fence }) => ({ task_id, fence })),
      cancel: lease => runner.cancel(ownerId, lease, new Error('its lease is over')),
      clock,
      onFailure: error => this.#failed(session, error),
    })
    this.#claims = claims
    endpoint.onWork(() => claims.workWaits())
    claims.roomChanged()
  }

  /** By the grant of an earlier visit, or else by the invite, which is redeemed once. */
  async #introduce(endpoint: PeerEndpoint, announcer: Announcer): Promise<void> {
    const { secret, onGranted } = this.#options
    if (this.#granted) {
      try {
        return await announcer.announce()
      } catch (error) {
        if (secret === undefined || this.#redeemed || !isRefusal(error)) throw error
      }
    }
    const grant = secret === undefined ? undefined : await endpoint.redeem(secret)
    this.#granted = true
    this.#redeemed = true
    await onGranted(grant)
    await announcer.announce()
  }

  /** A refusal ends the link; anything else ends the session, and the next one tries again. */
  #failed(session: Session, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error)
    if (isRefusal(error)) this.#refused(message)
    this.#options.logger('warning', 'the session with an owner failed', { message })
    void session.close({ code: 'unavailable', message })
  }

  #refused(why: string): void {
    if (this.#ending.signal.aborted) return
    this.#to({ phase: 'refused', why })
    this.#ending.abort()
  }

  #to(state: LinkState): void {
    if (!this.#ending.signal.aborted) this.#options.onState(state)
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof ToolmeshError && REFUSALS.has(error.code)
}
