/** Keeps a host working whatever one peer does: who is let in, how much it may send, and what becomes of it beyond that. */
import type { Connection, ConnectionGater } from '@libp2p/interface'
import type { Clock } from '../../clock.ts'
import type { ToolmeshError } from '../../errors.ts'
import type { Logger } from '../../logger.ts'
import type { MeshGate } from '../host-contract.ts'
import { type AddressRange, rangeOf } from './address-range.ts'
import { Admission } from './admission.ts'
import { BarredPeers } from './barred-peers.ts'
import { PeerAccounts } from './peer-accounts.ts'
import type { MeshLimits } from './peer-limits.ts'
import { SessionTraffic } from './session-traffic.ts'
import { watchConnection } from './watch-connection.ts'

export interface MeshGuardInit {
  limits: MeshLimits
  gate: MeshGate
  clock: Clock
  logger: Logger
  /** A peer is left alone for so many milliseconds. */
  onBarred: (peerId: string, ms: number, why: string) => void
}

export class MeshGuard {
  readonly #init: MeshGuardInit
  readonly #barred: BarredPeers
  readonly #accounts: PeerAccounts
  readonly #admission: Admission
  /** Connections now open with peers that we dialled or that have a grant, by peer. */
  readonly #trusted = new Map<string, number>()
  #end: (peerId: string, error: ToolmeshError) => void = () => {}

  constructor(init: MeshGuardInit) {
    const { limits, clock } = init
    this.#init = init
    this.#barred = new BarredPeers(clock)
    this.#accounts = new PeerAccounts(limits)
    this.#admission = new Admission({
      limits,
      gate: { isGranted: peerId => this.#isTrusted(peerId) },
      accounts: this.#accounts,
      barred: this.#barred,
      clock,
      onOver: (peerId, range, error) => this.#bar(peerId, range, error.message),
    })
  }

  /** `end`: ends the session of a peer, which says why, and all its connections. */
  onOver(end: (peerId: string, error: ToolmeshError) => void): void {
    this.#end = end
  }

  /** Any peer may identify itself and open a session; relay slots and relayed connections are for granted peers. */
  gater(): ConnectionGater {
    const { gate } = this.#init
    const isGranted = (peer: { toString(): string }) => gate.isGranted(peer.toString())
    const isBarred = (peer: { toString(): string }) => this.#barred.isBarred(peer.toString())
    return {
      // A browser's default denies ws:// and private addresses, where most nodes are.
      denyDialMultiaddr: () => false,
      denyDialPeer: isBarred,
      denyInboundConnection: connection => !this.#admission.admits(connection),
      denyInboundEncryptedConnection: (peer, connection) =>
        !this.#admission.admitsPeer(peer.toString(), connection),
      denyInboundRelayedConnection: (_, remotePeer) => isBarred(remotePeer),
      denyInboundRelayReservation: source => !isGranted(source),
      denyOutboundRelayedConnection: (source, destination) => !isGranted(source) || !isGranted(destination),
    }
  }

  /** Counts what a new connection's peer does below the sessions. */
  watch(connection: Connection): void {
    const { clock, limits } = this.#init
    const peerId = connection.remotePeer.toString()
    let trusted = false
    const isTrusted = () => {
      if (trusted) return true
      if (connection.direction !== 'outbound' && !this.#isTrusted(peerId)) return false
      trusted = true
      this.#countTrusted(peerId, 1)
      connection.addEventListener('close', () => this.#countTrusted(peerId, -1))
      account.change(limits.granted)
      return true
    }
    const account = this.#accounts.of(peerId, this.#isTrusted(peerId), clock.monotonic())
    watchConnection(connection, { account, isTrusted, clock, onOver: error => this.over(peerId, error) })
    if (!isTrusted()) this.#closeWhenIdle(connection, isTrusted)
  }

  /** A stranger that does nothing holds a connection that another could have. */
  #closeWhenIdle(connection: Connection, isTrusted: () => boolean): void {
    const { clock, limits, logger } = this.#init
    let stop = () => {}
    const look = () => {
      stop = clock.after(limits.idleStrangerMs, () => {
        if (isTrusted()) return
        if (connection.streams.length > 0) return look()
        connection.close().catch(error => {
          logger('debug', 'an idle connection could not be closed', { error: String(error) })
          connection.abort(error instanceof Error ? error : new Error(String(error)))
        })
      })
    }
    look()
    connection.addEventListener('close', () => stop())
  }

  /** What a session of the connection is counted by. */
  traffic(connection: Connection): SessionTraffic {
    const { clock, limits } = this.#init
    const peerId = connection.remotePeer.toString()
    const now = clock.monotonic()
    const trusted = connection.direction === 'outbound' || this.#isTrusted(peerId)
    const account = this.#accounts.of(peerId, trusted, now)
    const range = trusted ? undefined : this.#accounts.ofRange(rangeOf(connection.remoteAddr), now)
    return new SessionTraffic({ account, range, limits, clock })
  }

  /** It has a grant, or we dialled it and are still connected: its other connections are no stranger's either. */
  #isTrusted(peerId: string): boolean {
    return this.#trusted.has(peerId) || this.#init.gate.isGranted(peerId)
  }

  #countTrusted(peerId: string, change: number): void {
    const count = (this.#trusted.get(peerId) ?? 0) + change
    if (count > 0) this.#trusted.set(peerId, count)
    else this.#trusted.delete(peerId)
  }

  /** Ends and bars a peer that broke the protocol or went over a limit. */
  over(peerId: string, error: ToolmeshError): void {
    this.#bar(peerId, this.#admission.rangeOfPeer(peerId), error.message)
    this.#end(peerId, error)
  }

  /** Leaves a peer alone for a while, longer each time. */
  #bar(peerId: string, range: AddressRange | undefined, why: string): void {
    const { logger, onBarred } = this.#init
    if (this.#barred.isBarred(peerId)) return
    const ms = this.#barred.bar(peerId, range?.kind === 'public' ? range.key : undefined)
    logger('warning', 'a peer is left alone for a while', { peer_id: peerId, ms, why })
    onBarred(peerId, ms, why)
  }
}
