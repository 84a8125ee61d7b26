import {
  type Connection,
  type DialTransportOptions,
  serviceCapabilities,
  type Transport,
  transportSymbol,
} from '@libp2p/interface'
import type { NoiseComponents } from '@libp2p/noise'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../../shared/clock.ts'
import {
  isWebTransportAddress,
  LIBP2P_PATH,
  parseWebTransportAddress,
  type WebTransportAddress,
} from '../../shared/mesh/webtransport/address.ts'
import { digestOf } from '../../shared/mesh/webtransport/certhash.ts'
import { SessionUnavailableError } from '../../shared/mesh/webtransport/errors.ts'
import { upgradeOutbound } from '../../shared/mesh/webtransport/upgrade-outbound.ts'
import { BrowserSession } from './browser-session.ts'

/**
 * Dials WebTransport from a page. Beside @libp2p/webtransport it hears at once that the node has ended the session, holds
 * back a sender while libp2p takes nothing, and dials servers whose certificate an authority signed.
 */
export function browserWebTransport({ clock }: { clock: Clock }): (components: NoiseComponents) => Transport {
  return components => new BrowserWebTransport(components, clock)
}

class BrowserWebTransport implements Transport {
  readonly [transportSymbol] = true
  readonly [serviceCapabilities] = ['@libp2p/transport']
  readonly [Symbol.toStringTag] = 'toolmesh/webtransport'
  readonly #components: NoiseComponents
  readonly #clock: Clock

  constructor(components: NoiseComponents, clock: Clock) {
    this.#components = components
    this.#clock = clock
  }

  async dial(
    address: Multiaddr,
    { upgrader, signal, onProgress }: DialTransportOptions,
  ): Promise<Connection> {
    const target = parseWebTransportAddress(address)
    const session = new BrowserSession(await readySession(target, signal), this.#clock)
    return upgradeOutbound(session, {
      address,
      certhashes: target.certhashes,
      components: this.#components,
      upgrader,
      signal,
      onProgress,
    })
  }

  createListener(): never {
    throw new Error('a page cannot listen')
  }

  listenFilter(): [] {
    return []
  }

  /** A page that is in no secure context, and some browsers, have no WebTransport. */
  dialFilter(addresses: Multiaddr[]): Multiaddr[] {
    return 'WebTransport' in globalThis ? addresses.filter(isWebTransportAddress) : []
  }
}

/** Throws `unavailable` when nobody answers there; on abort, the signal's reason. */
async function readySession(
  { host, port, certhashes }: WebTransportAddress,
  signal: AbortSignal,
): Promise<WebTransport> {
  signal.throwIfAborted()
  const authority = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  const hashes = certhashes.map(certhash => ({ algorithm: 'sha-256', value: digestOf(certhash) }))
  const native = new WebTransport(`https://${authority}${LIBP2P_PATH}`, {
    // Without any, the certificate must be one that the browser trusts.
    ...(hashes.length > 0 ? { serverCertificateHashes: hashes } : {}),
  })
  // The session reports its end by itself later on.
  native.closed.catch(() => {})
  const giveUp = () => native.close()
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    await native.ready
    return native
  } catch (error) {
    throw signal.aborted ? signal.reason : new SessionUnavailableError('no WebTransport session', error)
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}
