import type { Multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../../clock.ts'
import type { MeshGate } from '../host-contract.ts'
import { type AddressRange, rangeOf } from './address-range.ts'
import type { BarredPeers } from './barred-peers.ts'
import { PeerOverLimitError } from './errors.ts'
import type { PeerAccounts } from './peer-accounts.ts'
import type { MeshLimits } from './peer-limits.ts'

/** What admission knows of an inbound connection: libp2p's, before and after it is known who comes. */
export interface InboundConnection {
  remoteAddr: Multiaddr
  addEventListener(type: 'close', listener: () => void): void
  abort(error: Error): void
}

/** A connection that is being set up has ended after so long, milliseconds, whether or not its transport said so. */
const FORGOTTEN_MS = 60_000

interface Inbound {
  range: AddressRange
  /** Monotonic time at which the peer was known. */
  since: number
  peerId: string | undefined
}

export interface AdmissionInit {
  limits: MeshLimits
  gate: MeshGate
  accounts: PeerAccounts
  barred: BarredPeers
  clock: Clock
  /** Opens connections without end: it is barred by that. */
  onOver: (peerId: string, range: AddressRange, error: PeerOverLimitError) => void
}

/** Which inbound connections are let in: by address range while nobody knows who comes, then by peer. */
export class Admission {
  readonly #init: AdmissionInit
  readonly #inbound = new Map<InboundConnection, Inbound>()
  readonly #pending = new Map<string, number>()
  readonly #ofPeer = new Map<string, number>()

  constructor(init: AdmissionInit) {
    this.#init = init
  }

  /** Connections that are counted now. */
  get size(): number {
    return this.#inbound.size
  }

  /** A connection has come; the secure channel has not begun. */
  admits(connection: InboundConnection): boolean {
    const { accounts, barred, clock } = this.#init
    const now = clock.monotonic()
    const range = rangeOf(connection.remoteAddr)
    if (range.kind !== 'open') {
      if (barred.isRangeBarred(range.key)) return false
      const account = accounts.ofRange(range, now)
      if (account === undefined || !account.connections.tryTake(1, now)) return false
      if (!this.#hasRoomToSetUp(range, account.limits.pending, now)) return false
    }
    this.#inbound.set(connection, { range, since: now, peerId: undefined })
    add(this.#pending, range.key, 1)
    connection.addEventListener('close', () => this.#closed(connection))
    return true
  }

  /** The secure channel says who it is. */
  admitsPeer(peerId: string, connection: InboundConnection): boolean {
    const inbound = this.#inbound.get(connection)
    if (inbound === undefined || inbound.peerId !== undefined) return false
    if (!this.#mayCome(peerId, inbound.range)) {
      // Not every transport tells that a connection which was refused is closed.
      this.#closed(connection)
      return false
    }
    add(this.#pending, inbound.range.key, -1)
    add(this.#ofPeer, peerId, 1)
    inbound.peerId = peerId
    inbound.since = this.#init.clock.monotonic()
    return true
  }

  #mayCome(peerId: string, range: AddressRange): boolean {
    const { accounts, barred, clock, gate, onOver } = this.#init
    if (barred.isBarred(peerId)) return false
    const now = clock.monotonic()
    const granted = gate.isGranted(peerId)
    const account = accounts.of(peerId, granted, now)
    if (!account.connections.tryTake(1, now)) {
      const { perSecond, burst } = account.limits.connectionRate
      const allowed = `${perSecond} a second, ${burst} at once`
      onOver(peerId, range, new PeerOverLimitError('new connections of a peer', burst + 1, allowed))
      return false
    }
    if ((this.#ofPeer.get(peerId) ?? 0) >= account.limits.connections) return false
    return granted || this.#hasRoomForStranger(range, now)
  }

  /** The address range that a peer's newest connection came from; undefined for one that counts for nothing. */
  rangeOfPeer(peerId: string): AddressRange | undefined {
    let newest: AddressRange | undefined
    for (const { peerId: id, range } of this.#inbound.values()) if (id === peerId) newest = range
    return newest?.kind === 'open' ? undefined : newest
  }

  /** What nobody told the end of counts no longer than any could take. */
  #hasRoomToSetUp({ key }: AddressRange, most: number, now: number): boolean {
    if ((this.#pending.get(key) ?? 0) < most) return true
    for (const [connection, { peerId, range, since }] of this.#inbound) {
      if (peerId === undefined && range.key === key && now - since > FORGOTTEN_MS) this.#closed(connection)
    }
    return (this.#pending.get(key) ?? 0) < most
  }

  /** Of strangers, the one that has been here longest gives way to one that is new. */
  #hasRoomForStranger(range: AddressRange, now: number): boolean {
    const { limits, gate } = this.#init
    const strangers: [InboundConnection, Inbound][] = []
    for (const entry of this.#inbound) {
      const { peerId } = entry[1]
      if (peerId !== undefined && !gate.isGranted(peerId)) strangers.push(entry)
    }
    if (range.kind !== 'open') {
      const near = strangers.filter(([, inbound]) => inbound.range.key === range.key)
      if (near.length >= limits[range.kind].strangers) return this.#dismissOldest(near, now)
    }
    return strangers.length < limits.strangers || this.#dismissOldest(strangers, now)
  }

  #dismissOldest(strangers: [InboundConnection, Inbound][], now: number): boolean {
    const [oldest] = strangers
    if (oldest === undefined) return false
    const [connection, { since }] = oldest
    if (now - since < this.#init.limits.strangerMs) return false
    connection.abort(new Error('a peer without a grant gives way to a new one'))
    this.#closed(connection)
    return true
  }

  #closed(connection: InboundConnection): void {
    const inbound = this.#inbound.get(connection)
    if (inbound === undefined) return
    this.#inbound.delete(connection)
    if (inbound.peerId === undefined) add(this.#pending, inbound.range.key, -1)
    else add(this.#ofPeer, inbound.peerId, -1)
  }
}

function add(counts: Map<string, number>, key: string, change: number): void {
  const count = (counts.get(key) ?? 0) + change
  if (count > 0) counts.set(key, count)
  else counts.delete(key)
}
