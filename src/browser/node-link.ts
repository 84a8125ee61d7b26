import type { Clock } from '../shared/clock.ts'
import { ToolmeshError } from '../shared/errors.ts'
import type { Logger } from '../shared/logger.ts'
import { openPeerEndpoint, type PeerEndpoint } from '../shared/mcp/endpoint/peer-endpoint.ts'
import type { Surface } from '../shared/mcp/surface.ts'
import type { MeshHost } from '../shared/mesh/host-contract.ts'
import { type KeptConnection, type KeptState, keepConnected } from '../shared/mesh/keep-connected.ts'
import type { Session } from '../shared/mesh/session-contract.ts'
import type { AttemptRunner } from '../shared/queue/attempt-runner.ts'
import type { Announcement, Worker } from '../shared/queue/work.ts'
import { Announcer } from './announcer.ts'
import { InviteRefusedError } from './errors.ts'

export interface NodeLinkOptions {
  host: MeshHost
  nodePeerId: string
  /** Where the node listens now, best first; asked again before each round of dials. */
  addresses: () => Promise<string[]>
  /** Whether the node took this tab at an earlier visit: then the peer id is enough. */
  granted: boolean
  /** The invite's secret, for a node that does not know this tab (any more). */
  secret: string | undefined
  /** The node took the invite: from now on the peer id is enough. */
  onGranted: () => Promise<void>
  runner: AttemptRunner
  /** What the node's attempts are given to: the runner, or what stands before it. */
  worker: Worker
  announcement: () => Announcement
  /** What the node may call here beside attempts. */
  surface: Surface
  clock: Clock
  logger: Logger
  onState: (state: LinkState) => void
}

export type LinkState =
  | { phase: 'connecting' }
  | { phase: 'online'; session: Session }
  | { phase: 'reconnecting'; retryAt: number }
  /** The node will not have this tab; no further try is made. */
  | { phase: 'refused'; error: InviteRefusedError }

/** Answers of a node that no further try changes. */
const REFUSALS: ReadonlySet<string> = new Set(['unauthenticated', 'forbidden'])

/** The tab's one link: with the node that invited it, made again whenever it is lost. */
export class NodeLink {
  readonly #options: NodeLinkOptions
  readonly #ending = new AbortController()
  readonly #kept: KeptConnection
  #granted: boolean
  #redeemed = false
  #announcer: Announcer | undefined
  #endpoint: PeerEndpoint | undefined

  constructor(options: NodeLinkOptions) {
    this.#options = options
    this.#granted = options.granted
    const { host, nodePeerId, addresses, clock, logger } = options
    this.#kept = keepConnected({
      host,
      peerId: nodePeerId,
      addresses,
      clock,
      logger,
      random: Math.random,
      signal: this.#ending.signal,
      onState: state => this.#onKept(state),
    })
    options.runner.onChange(() => this.#announcer?.changed())
  }

  /** There may be a network again. */
  wake(): void {
    this.#kept.wake()
  }

  /** Hands over the outcomes that the node has not confirmed; rejects while there is no session. */
  async deliver(): Promise<void> {
    const endpoint = this.#endpoint
    if (endpoint === undefined)
      throw new ToolmeshError('owner_unreachable', 'there is no session with the node')
    await this.#options.runner.flush(this.#options.nodePeerId, reports => endpoint.complete(reports))
  }

  async close(): Promise<void> {
    this.#ending.abort()
    await this.#options.host.dropPeer(this.#options.nodePeerId)
  }

  #onKept(state: KeptState): void {
    if (this.#ending.signal.aborted) return
    if (state.phase === 'online') {
      void this.#serve(state.session)
      return
    }
    this.#endpoint = undefined
    this.#announcer = undefined
    if (state.phase === 'waiting') this.#to({ phase: 'reconnecting', retryAt: state.retryAt })
    else if (state.phase === 'connecting') this.#to({ phase: 'connecting' })
    else this.#refused(state.reason.message)
  }

  /** What a new session begins with: the invite (once), the announcement, the outcomes kept from before. */
  async #serve(session: Session): Promise<void> {
    try {
      const endpoint = this.#open(session)
      const announcer = new Announcer({
        send: announcement => endpoint.announce(announcement),
        current: this.#options.announcement,
        onFailure: error => this.#failed(session, error),
      })
      await this.#introduce(endpoint, announcer)
      this.#endpoint = endpoint
      this.#announcer = announcer
      this.#to({ phase: 'online', session })
      await this.deliver()
    } catch (error) {
      this.#failed(session, error)
    }
  }

  /** The node needs no grant of this tab: what the tab announces to it, it may ask for, and nothing else. */
  #open(session: Session): PeerEndpoint {
    const { surface, worker, logger } = this.#options
    const authority = { principalOfPeer: () => undefined }
    return openPeerEndpoint({ session, surface, authority, worker, logger })
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
    if (secret !== undefined) await endpoint.redeem(secret)
    this.#granted = true
    this.#redeemed = true
    await onGranted()
    await announcer.announce()
  }

  /** A refusal ends the link; anything else ends the session, and the next one tries again. */
  #failed(session: Session, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error)
    if (isRefusal(error)) this.#refused(message)
    this.#options.logger('warning', 'the session with the node failed', { message })
    void session.close({ code: 'unavailable', message })
  }

  #refused(why: string): void {
    if (this.#ending.signal.aborted) return
    this.#to({ phase: 'refused', error: new InviteRefusedError(why) })
    this.#ending.abort()
  }

  #to(state: LinkState): void {
    if (!this.#ending.signal.aborted) this.#options.onState(state)
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof ToolmeshError && REFUSALS.has(error.code)
}
