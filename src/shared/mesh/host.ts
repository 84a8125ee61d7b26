/** A libp2p host that keeps one session with each peer: the same in a node and in a tab, by the transports given. */
import type { Connection, IdentifyResult, Libp2p, PeerId, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { createLibp2p } from 'libp2p'
import type { ToolmeshError } from '../errors.ts'
import { BLOB_PROTOCOL, fetchBlob, serveBlob } from './blob-stream.ts'
import { pathOf } from './connection-path.ts'
import type { DialReport } from './dialling/dial-report.ts'
import { HostDialler } from './dialling/host-dialler.ts'
import type { AddressTrial } from './dialling/try-address.ts'
import { SessionClosedError } from './errors.ts'
import {
  DEFAULT_HOST_LIMITS,
  type MeshHost,
  type MeshHostLimits,
  type MeshHostOptions,
} from './host-contract.ts'
import { libp2pOptions, type MeshServices } from './libp2p-options.ts'
import { MeshGuard } from './limits/mesh-guard.ts'
import { DEFAULT_MESH_LIMITS } from './limits/peer-limits.ts'
import { Carrier } from './move/carrier.ts'
import { MOVE_PROTOCOL } from './move/session-move.ts'
import { askDialBack, DIAL_BACK_PROTOCOL, DialBackService } from './reach/dial-back.ts'
import { type RemainingLimits, remainingLimits } from './relay/remaining-limits.ts'
import { RoundTrip } from './round-trip.ts'
import { createSession, type MeshSession, SESSION_PROTOCOL } from './session.ts'
import { SessionBook } from './session-book.ts'
import { addBytes, noBytes, type SessionBytes } from './session-bytes.ts'
import type { Path, Session, SessionEnd } from './session-contract.ts'
import { DEFAULT_SESSION_LIMITS } from './session-limits.ts'
import { unlessAborted } from './unless-aborted.ts'
import { closeUnused } from './unused-connection.ts'
import { withFewerWindowUpdates } from './workarounds/window-updates.ts'

/** A peer that went over a limit has so long to read why, milliseconds; what it sends meanwhile is thrown away. */
const GOODBYE_MS = 200

/** Starts a host. Throws what libp2p throws when an address cannot be listened on. */
export async function createMeshHost(options: MeshHostOptions): Promise<MeshHost> {
  const limits = { ...DEFAULT_HOST_LIMITS, ...options.limits }
  const guard = new MeshGuard({
    limits: { ...DEFAULT_MESH_LIMITS, ...options.peerLimits },
    gate: options.gater,
    clock: options.clock,
    logger: options.logger,
    onBarred: options.onBarred ?? (() => {}),
  })
  const libp2p = await createLibp2p(libp2pOptions(options, limits, guard))
  const host = new Host(libp2p, options, limits, guard)
  await host.start()
  return host
}

class Host implements MeshHost {
  readonly peerId: string
  readonly #libp2p: Libp2p
  readonly #options: MeshHostOptions
  readonly #limits: MeshHostLimits
  readonly #guard: MeshGuard
  readonly #book: SessionBook
  readonly #roundTrips = new WeakMap<Session, RoundTrip>()
  readonly #endedBytes = noBytes()
  readonly #carriers = new WeakMap<Session, Carrier>()
  readonly #pathListeners = new Set<(session: Session) => void>()
  /** A dial under way for a peer: a second `connect` waits for it. */
  readonly #dialling = new Map<string, Promise<unknown>>()
  readonly #dialler: HostDialler
  readonly #dialBack: DialBackService

  constructor(
    libp2p: Libp2p<MeshServices>,
    options: MeshHostOptions,
    limits: MeshHostLimits,
    guard: MeshGuard,
  ) {
    this.peerId = libp2p.peerId.toString()
    this.#libp2p = libp2p
    this.#options = options
    this.#limits = limits
    this.#guard = guard
    this.#dialler = new HostDialler({
      libp2p,
      transports: libp2p.services.dialling,
      clock: options.clock,
      limits,
      resolver: options.resolver,
      protocol: SESSION_PROTOCOL,
    })
    // For peers that hold a grant, and for those that this one came to.
    this.#dialBack = new DialBackService({
      dial: (address, signal) => libp2p.services.dialling.dial(address, { signal }),
      mayAsk: id => options.gater.isGranted(id) || this.#book.get(id)?.direction === 'outbound',
      clock: options.clock,
    })
    this.#book = new SessionBook({
      ownPeerId: this.peerId,
      gate: options.gater,
      clock: options.clock,
      limits,
    })
  }

  async start(): Promise<void> {
    const { blobStreams } = this.#limits
    await this.#libp2p.handle(SESSION_PROTOCOL, (stream, connection) => this.#accept(stream, connection), {
      runOnLimitedConnection: true,
      maxInboundStreams: 4,
      maxOutboundStreams: 4,
    })
    await this.#libp2p.handle(BLOB_PROTOCOL, (stream, connection) => this.#serve(stream, connection), {
      runOnLimitedConnection: true,
      maxInboundStreams: blobStreams,
      maxOutboundStreams: blobStreams,
    })
    await this.#libp2p.handle(MOVE_PROTOCOL, (stream, connection) => this.#acceptMove(stream, connection), {
      runOnLimitedConnection: true,
      maxInboundStreams: 4,
      maxOutboundStreams: 4,
    })
    await this.#libp2p.handle(
      DIAL_BACK_PROTOCOL,
      (stream, connection) => this.#dialBack.serve(stream, connection),
      {
        maxInboundStreams: 2,
        maxOutboundStreams: 2,
      },
    )
    this.#libp2p.addEventListener('connection:open', ({ detail }) => this.#guard.watch(detail))
    this.#guard.onOver((peerId, error) => this.#end(peerId, error))
    this.#libp2p.addEventListener('peer:disconnect', ({ detail }) => this.#forgetStranger(detail))
    await this.#libp2p.start()
  }

  addresses(): string[] {
    return this.#libp2p.getMultiaddrs().map(String)
  }

  async connect(
    addresses: string[],
    { expect, signal }: { expect: string; signal: AbortSignal },
  ): Promise<Session> {
    for (;;) {
      signal.throwIfAborted()
      const open = this.#book.get(expect)
      if (open !== undefined) return open
      const underWay = this.#dialling.get(expect)
      if (underWay === undefined) break
      await unlessAborted(underWay, signal)
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#dialling.set(expect, promise)
    try {
      const { stream, connection } = await this.#dialler.open(addresses, { expect, signal })
      return this.#book.add(this.#session(stream, connection, 'outbound'))
    } finally {
      this.#dialling.delete(expect)
      resolve()
    }
  }

  onDial(listener: (report: DialReport) => void): () => void {
    return this.#dialler.onDial(listener)
  }

  whoIs(address: string, signal: AbortSignal): Promise<string> {
    return this.#dialler.whoIs(address, signal)
  }

  tryAddresses(
    addresses: readonly string[],
    options: { expect?: string | undefined; signal: AbortSignal },
  ): Promise<AddressTrial[]> {
    return this.#dialler.tryAddresses(addresses, options)
  }

  onSession(fn: (session: Session) => void): () => void {
    return this.#book.onSession(fn)
  }

  sessions(): Session[] {
    return this.#book.all()
  }

  session(peerId: string): Session | undefined {
    return this.#book.get(peerId)
  }

  async ping(peerId: string, signal?: AbortSignal): Promise<number> {
    const session = this.#book.get(peerId)
    const roundTrip = session && this.#roundTrips.get(session)
    if (roundTrip === undefined) throw new SessionClosedError(`no session with peer ${peerId}`)
    return roundTrip.smoothed ?? roundTrip.measure(signal ?? AbortSignal.timeout(this.#limits.pingTimeoutMs))
  }

  roundTrip(peerId: string): number | undefined {
    const session = this.#book.get(peerId)
    return session && this.#roundTrips.get(session)?.smoothed
  }

  bytes(): SessionBytes {
    const sum = structuredClone(this.#endedBytes)
    for (const session of this.#book.all()) addBytes(sum, session.bytes)
    return sum
  }

  onAddresses(fn: (addresses: string[]) => void): () => void {
    const listener = () => fn(this.addresses())
    this.#libp2p.addEventListener('self:peer:update', listener)
    return () => this.#libp2p.removeEventListener('self:peer:update', listener)
  }

  onIdentified(fn: (peerId: string, addresses: string[]) => void): () => void {
    const listener = ({ detail }: CustomEvent<IdentifyResult>) =>
      fn(detail.peerId.toString(), detail.listenAddrs.map(String))
    this.#libp2p.addEventListener('peer:identify', listener)
    return () => this.#libp2p.removeEventListener('peer:identify', listener)
  }

  onObserved(fn: (peerId: string, address: string) => void): () => void {
    const listener = ({ detail }: CustomEvent<IdentifyResult>) => {
      if (detail.observedAddr !== undefined) fn(detail.peerId.toString(), detail.observedAddr.toString())
    }
    this.#libp2p.addEventListener('peer:identify', listener)
    return () => this.#libp2p.removeEventListener('peer:identify', listener)
  }

  async dialBack(peerId: string, addresses: readonly string[], signal: AbortSignal): Promise<string[]> {
    const carrier = this.#carrierOf(peerId)
    if (carrier === undefined) throw new SessionClosedError(`no session with peer ${peerId}`)
    return askDialBack(await carrier.open(DIAL_BACK_PROTOCOL, signal), addresses, signal)
  }

  onPath(fn: (session: Session) => void): () => void {
    this.#pathListeners.add(fn)
    return () => this.#pathListeners.delete(fn)
  }

  async improve(session: Session, addresses: readonly string[], signal: AbortSignal): Promise<Path> {
    const carrier = this.#carriers.get(session)
    if (carrier === undefined || this.#book.get(session.peerId) !== session)
      throw new SessionClosedError(`no session with peer ${session.peerId}`)
    const { stream, connection } = await this.#dialler.openBeside(addresses, {
      expect: session.peerId,
      signal,
      protocol: MOVE_PROTOCOL,
      usable: open => open !== carrier.connection && pathOf(open.remoteAddr) !== 'relay',
    })
    await carrier.moveTo(stream, connection, signal)
    return session.path
  }

  connections(peerId: string): number {
    return this.#libp2p.getConnections(peerIdFromString(peerId)).length
  }

  remoteAddress(session: Session): string | undefined {
    return this.#carriers.get(session)?.connection.remoteAddr.toString()
  }

  limitsOf(session: Session): RemainingLimits | undefined {
    return remainingLimits(this.#carriers.get(session)?.connection.limits)
  }

  async dropPeer(peerId: string, reason?: SessionEnd): Promise<void> {
    await this.#book.get(peerId)?.close(reason)
    await this.#libp2p.hangUp(peerIdFromString(peerId))
  }

  async close(): Promise<void> {
    await Promise.all(this.#book.all().map(session => session.close()))
    await this.#libp2p.stop()
  }

  /** A peer went over a limit: its session says so, then nothing of it stays open. */
  #end(peerId: string, reason: ToolmeshError): void {
    void this.#book.get(peerId)?.close({ code: reason.code, message: reason.message })
    // A socket that is closed with something unread is reset, and the peer would not read why.
    this.#options.clock.after(GOODBYE_MS, () => {
      for (const connection of this.#libp2p.getConnections(peerIdFromString(peerId))) connection.abort(reason)
    })
  }

  /** libp2p remembers every peer that ever came, on disk where it has one: strangers could fill it. */
  #forgetStranger(peerId: PeerId): void {
    const { gater, logger } = this.#options
    if (gater.isGranted(peerId.toString())) return
    this.#forget(peerId).catch(error => {
      logger('debug', 'a stranger could not be forgotten', { peer_id: String(peerId), error: String(error) })
    })
  }

  /** Who stands in the hash table is asked again; the table bounds how many these are. */
  async #forget(peerId: PeerId): Promise<void> {
    const { peerStore } = this.#libp2p
    const isInTable =
      this.#options.services !== undefined && (await peerStore.get(peerId)).tags.has('kad-peer')
    if (!isInTable) await peerStore.delete(peerId)
  }

  #accept(stream: Stream, connection: Connection): void {
    const admitted = this.#book.admits(connection.remotePeer.toString())
    const session = this.#session(stream, connection, 'inbound')
    if (admitted) this.#book.add(session)
    else void session.close({ code: 'rate_limited', message: 'too many sessions of peers without a grant' })
  }

  async #acceptMove(stream: Stream, connection: Connection): Promise<void> {
    const peerId = connection.remotePeer.toString()
    const carrier = this.#carrierOf(peerId)
    try {
      if (carrier === undefined) throw new SessionClosedError(`no session with peer ${peerId}`)
      await carrier.accept(stream, connection, this.peerId > peerId)
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #hasSlotAt(relay: string): boolean {
    return this.addresses().some(address => address.includes(`/p2p/${relay}/p2p-circuit`))
  }

  #carrierOf(peerId: string): Carrier | undefined {
    const session = this.#book.get(peerId)
    return session && this.#carriers.get(session)
  }

  async #serve(stream: Stream, connection: Connection): Promise<void> {
    const peerId = connection.remotePeer.toString()
    await serveBlob(stream, cid => this.#book.offersOf(peerId, cid))
  }

  #session(stream: Stream, connection: Connection, direction: Session['direction']): MeshSession {
    const { clock, logger, sessionLimits, gater } = this.#options
    const peerId = connection.remotePeer.toString()
    const session = createSession({
      stream: withFewerWindowUpdates(stream),
      peerId,
      direction,
      // Whom we dialled is who we wanted.
      isTrusted: () => direction === 'outbound' || gater.isGranted(peerId),
      path: pathOf(connection.remoteAddr),
      limits: { ...DEFAULT_SESSION_LIMITS, ...sessionLimits },
      clock,
      logger,
      stunPort: this.#options.stunPort?.(),
      traffic: this.#guard.traffic(connection),
      onViolation: error => this.#guard.over(peerId, error),
      fetchBlob: (cid, size, signal) =>
        fetchBlob(within => carrier.open(BLOB_PROTOCOL, within), cid, size, signal),
    })
    const carrier = new Carrier(session, connection, clock, () => {
      this.#roundTrips.get(session)?.forget()
      for (const listener of this.#pathListeners) listener(session)
    })
    this.#carriers.set(session, carrier)
    // libp2p may not know for long that a connection is dead, and would give it again to the next dial.
    const abort = () => carrier.connection.abort(new Error('the peer does not answer'))
    this.#roundTrips.set(session, new RoundTrip(session, clock, this.#limits, abort))
    void session.closed.then(() => {
      addBytes(this.#endedBytes, session.bytes)
      // The other side closes what it dialled, and knows whether it has a slot at this relay.
      if (carrier.connection.direction === 'outbound')
        closeUnused(carrier.connection, clock, () => this.#hasSlotAt(peerId))
    })
    return session
  }
}
