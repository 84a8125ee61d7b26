import type { PrivateKey } from '@libp2p/interface'
import type { ICryptoInterface } from '@libp2p/noise'
import type { Libp2pOptions } from 'libp2p'
import type { Clock } from '../clock.ts'
import type { Logger } from '../logger.ts'
import type { DialLimits } from './dialling/dial-peer.ts'
import type { DialReport } from './dialling/dial-report.ts'
import type { NameResolver } from './dialling/name-resolution.ts'
import type { AddressTrial } from './dialling/try-address.ts'
import type { MeshLimits } from './limits/peer-limits.ts'
import type { RelayLimits } from './relay/relay-service.ts'
import type { RemainingLimits } from './relay/remaining-limits.ts'
import type { SessionBytes } from './session-bytes.ts'
import type { Path, Session } from './session-contract.ts'
import type { SessionLimits } from './session-limits.ts'

/** Who may use this host beyond identifying itself; the authority's answer. */
export interface MeshGate {
  isGranted(peerId: string): boolean
}

export interface MeshHostLimits extends DialLimits, RelayLimits {
  /** Connections at most, in and out. */
  connections: number
  /** New connections a second from one address: many tabs share one. libp2p's own default of 5 is hit by a reload. */
  connectionsPerSecond: number
  /** Inbound connections that are being set up at once. */
  pendingConnections: number
  /** Milliseconds that an inbound connection has to be set up: the secure channel, and what is spoken in it. */
  handshakeMs: number
  /** Milliseconds that a stream which a peer opened has to say what it is for. */
  negotiationMs: number
  /** Sessions of peers without a grant at once: enough to redeem invites, too few to hold us up. */
  ungrantedSessions: number
  /** Milliseconds that a peer without a grant has to get one. */
  ungrantedMs: number
  /** Blob streams of one connection at once, in each direction. */
  blobStreams: number
  /** Milliseconds between two pings of a session. */
  pingEveryMs: number
  /** A session whose ping is not answered for so many milliseconds is dead. */
  pingTimeoutMs: number
}

export const DEFAULT_HOST_LIMITS: MeshHostLimits = {
  connections: 2000,
  connectionsPerSecond: 200,
  pendingConnections: 200,
  handshakeMs: 10_000,
  negotiationMs: 10_000,
  directDialMs: 5_000,
  dialMs: 10_000,
  resolveMs: 5_000,
  sessionMs: 5_000,
  staggerMs: 250,
  relayAfterMs: 1_000,
  dialsAtOnce: 6,
  addresses: 32,
  ungrantedSessions: 64,
  ungrantedMs: 15_000,
  blobStreams: 64,
  relayReservations: 1000,
  relayedMs: 24 * 3_600_000,
  relayedBytes: 16 * 1024 ** 3,
  relayedBytesPerSecond: 0,
  relayStreams: 256,
  pingEveryMs: 10_000,
  pingTimeoutMs: 30_000,
}

export interface MeshHostOptions {
  transports: NonNullable<Libp2pOptions['transports']>
  /** Multiaddrs to listen on; port 0 takes a free one. */
  listen: string[]
  /** Multiaddrs to announce beside those listened on: a proxy's or the HTTP server's. */
  announce?: string[]
  privateKey: PrivateKey
  gater: MeshGate
  clock: Clock
  logger: Logger
  limits?: Partial<MeshHostLimits>
  /** What one peer and one address range may do. */
  peerLimits?: Partial<MeshLimits>
  /** A peer broke the protocol or went over a limit: it is left alone for `ms` milliseconds. */
  onBarred?: (peerId: string, ms: number, why: string) => void
  sessionLimits?: Partial<SessionLimits>
  /** Keeps the WebRTC-Direct certificate over a restart, so that announced addresses stay valid. */
  datastore?: NonNullable<Libp2pOptions['datastore']>
  /** How connections are encrypted (Noise); what its package has for the platform unless given. */
  noiseCrypto?: ICryptoInterface
  /** Resolves the names of addresses; left out where the platform does so by itself, as a page. */
  resolver?: NameResolver
  /** Parts of libp2p by which discovery works, beside the host's own. */
  services?: Record<string, (components: never) => unknown>
  peerDiscovery?: NonNullable<Libp2pOptions['peerDiscovery']>
  /** Serves circuit relay v2 to granted peers. */
  relayServer?: boolean
  /** UDP port at which this host answers STUN, told to session peers; undefined while it does not. */
  stunPort?: () => number | undefined
}

export interface MeshHost {
  readonly peerId: string
  /** Dialable multiaddrs of this host, with its peer id. */
  addresses(): string[]
  /**
   * The session with `expect`: the one that is open, or a new one by the fastest of the addresses, which start in the
   * order given (`dialPeer`). Nothing is sent before the connection proved the peer id. Throws `unavailable`,
   * `forbidden`, `invalid_input`.
   */
  connect(addresses: string[], options: { expect: string; signal: AbortSignal }): Promise<Session>
  /** What became of each address that was dialled for a session; the returned function ends it. */
  onDial(listener: (report: DialReport) => void): () => void
  /** The id of the peer at an address that says none; the connection is closed again. Throws what a dial throws. */
  whoIs(address: string, signal: AbortSignal): Promise<string>
  /**
   * What becomes of each of these addresses, all of them, by new connections that are closed again; sessions are left alone.
   * Without `expect` whoever answers is right. Never rejects for what an address does.
   */
  tryAddresses(
    addresses: readonly string[],
    options: { expect?: string | undefined; signal: AbortSignal },
  ): Promise<AddressTrial[]>
  /** Calls `fn` for each new session, whoever dialled; the returned function stops that. */
  onSession(fn: (session: Session) => void): () => void
  sessions(): Session[]
  session(peerId: string): Session | undefined
  /** Round trip to a peer in milliseconds, smoothed; measured now when there is no measurement yet. */
  ping(peerId: string, signal?: AbortSignal): Promise<number>
  /** What went over all sessions since start, those that have ended too. */
  bytes(): SessionBytes
  /** The smoothed round trip that is known, without measuring. */
  roundTrip(peerId: string): number | undefined
  /**
   * Moves an open session to another connection: one that is open and direct, or a new one by the fastest of these addresses;
   * nothing that is under way on it is lost. Gives its new path. Throws what a dial throws (then all is as it was), and
   * `conflict` when another move of the session is under way.
   */
  improve(session: Session, addresses: readonly string[], signal: AbortSignal): Promise<Path>
  /** Calls `fn` whenever a peer says at which multiaddr it sees this one. */
  onObserved(fn: (peerId: string, address: string) => void): () => void
  /**
   * By which of these addresses, up to 4, a session peer could open a connection to this one. It dials only where it sees
   * this one. Throws `unavailable`, `forbidden`, `rate_limited`.
   */
  dialBack(peerId: string, addresses: readonly string[], signal: AbortSignal): Promise<string[]>
  /** Calls `fn` when a session goes on by another path. */
  onPath(fn: (session: Session) => void): () => void
  /** Calls `fn` with the addresses that a connected peer says it listens on (libp2p identify), first and when they change. */
  onIdentified(fn: (peerId: string, addresses: string[]) => void): () => void
  /** How many connections are open with a peer: more than one only while a session moves, or two dialled at once. */
  connections(peerId: string): number
  /** Multiaddr at which the peer of a session is seen; changes when the session moves. */
  remoteAddress(session: Session): string | undefined
  /** What a relay still lets through on the connection of a session; undefined where it sets no limit, or there is none. */
  limitsOf(session: Session): RemainingLimits | undefined
  onAddresses(fn: (addresses: string[]) => void): () => void
  /** Ends the session and every connection of a peer; `forbidden`: its grant is gone. */
  dropPeer(peerId: string, reason?: { code: string; message: string }): Promise<void>
  close(): Promise<void>
}
