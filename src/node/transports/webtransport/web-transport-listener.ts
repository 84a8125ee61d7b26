import {
  type ComponentLogger,
  type Listener,
  type ListenerEvents,
  type Logger,
  type PeerId,
  TypedEventEmitter,
  type Upgrader,
} from '@libp2p/interface'
import type { ICryptoInterface, NoiseComponents } from '@libp2p/noise'
import { getNetConfig, getThinWaistAddresses, ipPortToMultiaddr } from '@libp2p/utils'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../../../shared/clock.ts'
import { PendingByRange } from '../../../shared/mesh/limits/pending-by-range.ts'
import { authenticateInbound } from '../../../shared/mesh/webtransport/authenticate.ts'
import { formatCerthash } from '../../../shared/mesh/webtransport/certhash.ts'
import { SessionConnection } from '../../../shared/mesh/webtransport/session-connection.ts'
import { sessionMuxer } from '../../../shared/mesh/webtransport/session-muxer.ts'
import type { CertificateBook } from './certificate-book.ts'
import { acceptSession } from './h3/accept-session.ts'
import type { QuicConnection, QuicDriver, QuicEndpoint } from './quic.ts'

/** ALPN of HTTP/3 */
export const HTTP3 = 'h3'

/** Connections that have not shown who they are, in all and of one address range: each costs a session and a Noise handshake. */
const MAX_PENDING = 64
const MAX_PENDING_OF_RANGE = 16

const CLOSED_BUSY = 0x107

export interface WebTransportListenerParts {
  driver: QuicDriver
  /** Opened when the first listener starts. */
  certificates: () => Promise<CertificateBook>
  components: NoiseComponents & { logger: ComponentLogger }
  noiseCrypto: ICryptoInterface
  upgrader: Upgrader
  clock: Clock
}

/** Listens for WebTransport sessions of browsers and nodes at one address; libp2p makes one for each that it listens on. */
export class WebTransportListener extends TypedEventEmitter<ListenerEvents> implements Listener {
  readonly #parts: WebTransportListenerParts
  readonly #log: Logger
  readonly #shutdown = new AbortController()
  #at:
    | { address: Multiaddr; endpoint: QuicEndpoint; book: CertificateBook; stopTurning: () => void }
    | undefined
  readonly #pending = new PendingByRange(MAX_PENDING, MAX_PENDING_OF_RANGE)

  constructor(parts: WebTransportListenerParts) {
    super()
    this.#parts = parts
    this.#log = parts.components.logger.forComponent('toolmesh:webtransport:listener')
  }

  /** Throws `conflict` when the UDP port cannot be had. */
  async listen(address: Multiaddr): Promise<void> {
    const { driver, certificates } = this.#parts
    const book = await certificates()
    const { host, port = 0 } = getNetConfig(address)
    const endpoint = await driver.listen({
      host,
      port,
      certificate: book.current,
      protocol: HTTP3,
      onConnection: connection => void this.#accept(connection),
    })
    const stopTurning = book.onTurned(() => {
      endpoint.setCertificate(book.current)
      this.safeDispatchEvent('listening')
    })
    this.#at = { address, endpoint, book, stopTurning }
    this.safeDispatchEvent('listening')
  }

  getAddrs(): Multiaddr[] {
    if (this.#at === undefined) return []
    const { address, endpoint } = this.#at
    const suffix = `/quic-v1/webtransport${this.#certhashes()}`
    return getThinWaistAddresses(address, endpoint.address.port).map(each => each.encapsulate(suffix))
  }

  /** Puts our hashes into announced addresses of this transport, which cannot know them. */
  updateAnnounceAddrs(addresses: Multiaddr[]): void {
    const hashes = this.#certhashes()
    addresses.forEach((address, index) => {
      const text = String(address)
      if (/\/webtransport(\/p2p\/[^/]+)?$/.test(text))
        addresses[index] = multiaddr(text.replace('/webtransport', `/webtransport${hashes}`))
    })
  }

  async close(): Promise<void> {
    this.#shutdown.abort(new Error('the listener is closed'))
    this.#at?.stopTurning()
    await this.#at?.endpoint.close()
    this.#at = undefined
    this.safeDispatchEvent('close')
  }

  #certhashes(): string {
    const hashes = this.#at?.book.announced ?? []
    return hashes.map(hash => `/certhash/${formatCerthash(hash)}`).join('')
  }

  async #accept(connection: QuicConnection): Promise<void> {
    const authenticated = this.#pending.enter(connection.remoteAddress.host)
    if (authenticated === undefined) return connection.close(CLOSED_BUSY, 'too many handshakes')
    const { upgrader } = this.#parts
    const signal = upgrader.createInboundAbortSignal(this.#shutdown.signal)
    const giveUp = () => connection.close(CLOSED_BUSY, 'the handshake took too long')
    signal.addEventListener('abort', giveUp, { once: true })
    try {
      await this.#upgrade(connection, signal, authenticated)
    } catch (error) {
      this.#log('a connection of %s failed - %e', connection.remoteAddress.host, error)
      connection.close(CLOSED_BUSY, 'refused')
    } finally {
      authenticated()
      signal.removeEventListener('abort', giveUp)
      signal.clear()
    }
  }

  async #upgrade(connection: QuicConnection, signal: AbortSignal, authenticated: () => void): Promise<void> {
    const { clock, components, noiseCrypto, upgrader } = this.#parts
    const session = await acceptSession(connection, { clock, signal })
    const remotePeer = await authenticateInbound(
      session,
      { components, noiseCrypto, log: this.#log },
      { certhashes: this.#at?.book.known ?? [], signal },
    )
    authenticated()
    const raw = new SessionConnection(session, {
      remoteAddr: remoteAddressOf(connection, remotePeer),
      direction: 'inbound',
      log: this.#log.newScope('connection'),
    })
    await upgrader.upgradeInbound(raw, {
      skipEncryption: true,
      skipProtection: true,
      remotePeer,
      muxerFactory: sessionMuxer(session),
      signal,
    })
  }
}

function remoteAddressOf({ remoteAddress }: QuicConnection, remotePeer: PeerId): Multiaddr {
  const { host, port } = remoteAddress
  const [address = ''] = host.split('%')
  const at = ipPortToMultiaddr(address, port).toString().replace('/tcp/', '/udp/')
  return multiaddr(`${at}/quic-v1/webtransport/p2p/${remotePeer}`)
}
