import {
  type Connection,
  type CreateListenerOptions,
  type DialTransportOptions,
  type Listener,
  serviceCapabilities,
  type Transport,
  transportSymbol,
} from '@libp2p/interface'
import type { ICryptoInterface, NoiseComponents } from '@libp2p/noise'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../../../shared/clock.ts'
import type { Logger } from '../../../shared/logger.ts'
import { isWebTransportAddress, parseWebTransportAddress } from '../../../shared/mesh/webtransport/address.ts'
import { digestOf } from '../../../shared/mesh/webtransport/certhash.ts'
import { upgradeOutbound } from '../../../shared/mesh/webtransport/upgrade-outbound.ts'
import { type BookStore, CertificateBook } from './certificate-book.ts'
import { connectSession } from './h3/connect-session.ts'
import type { QuicDriver } from './quic.ts'
import { HTTP3, WebTransportListener } from './web-transport-listener.ts'

export interface WebTransportInit {
  driver: QuicDriver
  noiseCrypto: ICryptoInterface
  clock: Clock
  logger: Logger
}

type Components = NoiseComponents & { datastore: BookStore }

/**
 * libp2p's WebTransport (https://github.com/libp2p/specs/tree/master/webtransport) for a node, over one of the QUIC drivers: it listens,
 * which no library for JavaScript does, and dials other nodes that do.
 */
export function nodeWebTransport(init: WebTransportInit): (components: Components) => Transport {
  return components => new NodeWebTransport(components, init)
}

class NodeWebTransport implements Transport {
  readonly [transportSymbol] = true
  readonly [serviceCapabilities] = ['@libp2p/transport']
  readonly [Symbol.toStringTag] = 'toolmesh/webtransport'
  readonly #components: Components
  readonly #init: WebTransportInit
  #book: Promise<CertificateBook> | undefined

  constructor(components: Components, init: WebTransportInit) {
    this.#components = components
    this.#init = init
  }

  createListener({ upgrader }: CreateListenerOptions): Listener {
    const { driver, noiseCrypto, clock } = this.#init
    return new WebTransportListener({
      driver,
      noiseCrypto,
      clock,
      upgrader,
      components: this.#components,
      certificates: () => this.#certificates(),
    })
  }

  listenFilter(addresses: Multiaddr[]): Multiaddr[] {
    return addresses.filter(isWebTransportAddress)
  }

  /** Only those that say which certificates the node has; a node has none that an authority signed. */
  dialFilter(addresses: Multiaddr[]): Multiaddr[] {
    return addresses.filter(
      address =>
        isWebTransportAddress(address) && address.getComponents().some(({ name }) => name === 'certhash'),
    )
  }

  async dial(
    address: Multiaddr,
    { upgrader, signal, onProgress }: DialTransportOptions,
  ): Promise<Connection> {
    const { driver, clock, noiseCrypto } = this.#init
    const { host, port, certhashes } = parseWebTransportAddress(address)
    const quic = await driver.connect({
      host,
      port,
      protocol: HTTP3,
      certificateDigests: certhashes.map(digestOf),
      signal,
    })
    const authority = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
    const session = await connectSession(quic, { authority, clock, signal })
    return upgradeOutbound(session, {
      address,
      certhashes,
      components: this.#components,
      noiseCrypto,
      upgrader,
      signal,
      onProgress,
    })
  }

  #certificates(): Promise<CertificateBook> {
    const { clock, logger } = this.#init
    this.#book ??= CertificateBook.open({ store: this.#components.datastore, clock, logger })
    return this.#book
  }
}
