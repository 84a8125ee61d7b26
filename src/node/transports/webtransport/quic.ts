/**
 * What the node asks of a QUIC implementation (RFC 9000), whichever runtime brings it. Every driver runs
 * quic.compliance.ts. WebTransport is made on top of it, see h3/.
 */
import type { ByteStream } from '../../../shared/mesh/webtransport/byte-stream.ts'

/** A certificate that a server shows, PEM. */
export interface QuicCertificate {
  /** ECDSA P-256 and valid for at most 14 days, where browsers are to accept it by its hash. */
  readonly cert: string
  /** PKCS #8 */
  readonly key: string
}

export interface QuicAddress {
  /** IP address, without brackets. */
  host: string
  port: number
}

export interface QuicLimits {
  /** Connections of an endpoint at once. */
  connections: number
  /** Connections whose handshake is under way at once; what comes beyond is not answered. */
  handshakes: number
  /** Milliseconds for a handshake. */
  handshakeMs: number
  /** Bidirectional streams that a peer may have open at once. */
  streams: number
  /** Unidirectional streams that a peer may have open at once: HTTP/3 needs three. */
  unidirectionalStreams: number
  /** Milliseconds after which a connection that hears nothing is dead. */
  idleMs: number
  /** Milliseconds between two signs of life on a connection that is not used. */
  keepAliveMs: number
}

export const DEFAULT_QUIC_LIMITS: QuicLimits = {
  connections: 2_000,
  handshakes: 200,
  handshakeMs: 10_000,
  streams: 1_024,
  unidirectionalStreams: 16,
  idleMs: 15_000,
  keepAliveMs: 5_000,
}

/** How a connection ended. */
export interface QuicEnd {
  /** The application's code where there is one; 0 otherwise. */
  readonly code: number
  readonly reason: string
}

export interface QuicStream extends ByteStream {
  /** As on the wire: bit 0 is who opened it (0 the client), bit 1 whether it is unidirectional (RFC 9000, 2.1). */
  readonly id: number
  /** As of a ByteStream, with the application's code, 0 unless given. */
  reset(code?: number): void
  stop(code?: number): void
}

export interface QuicConnection {
  readonly remoteAddress: QuicAddress
  /** The next bidirectional stream that the peer opened; undefined once the connection has ended. One call at a time. */
  accept(): Promise<QuicStream | undefined>
  /** As `accept`, for unidirectional ones; their own direction takes nothing. */
  acceptUnidirectional(): Promise<QuicStream | undefined>
  /** Waits while the peer allows no more streams. Rejects on abort and when the connection has ended. */
  open(signal: AbortSignal): Promise<QuicStream>
  /** A stream that only this side writes. */
  openUnidirectional(signal: AbortSignal): Promise<QuicStream>
  /** Tells the peer and drops what it has not acknowledged. */
  close(code: number, reason: string): void
  /** Resolves when the connection has ended, by whomever. */
  readonly closed: Promise<QuicEnd>
}

export interface QuicEndpoint {
  readonly address: QuicAddress
  /** Shown to those who come from now on; open connections stay. */
  setCertificate(certificate: QuicCertificate): void
  /** Ends every connection, tells the peers so, and gives back the port. */
  close(): Promise<void>
}

export interface QuicListenOptions extends QuicAddress {
  certificate: QuicCertificate
  /** Application protocol (ALPN). */
  protocol: string
  /** Called for each connection whose handshake is done. */
  onConnection: (connection: QuicConnection) => void
}

export interface QuicConnectOptions extends QuicAddress {
  protocol: string
  /** SHA-256 digests of the DER form of the certificates that the server may show, and no other. */
  certificateDigests: readonly Uint8Array<ArrayBuffer>[]
  signal: AbortSignal
}

export interface QuicDriver {
  readonly name: string
  /** Whether `reset` reaches the peer as a reset; where not, it looks like an end. */
  readonly canReset: boolean
  /** Port 0 takes a free one. Throws `conflict` for an address that cannot be had. */
  listen(options: QuicListenOptions): Promise<QuicEndpoint>
  /** Throws `unavailable` when nobody answers there, or shows another certificate. */
  connect(options: QuicConnectOptions): Promise<QuicConnection>
}
