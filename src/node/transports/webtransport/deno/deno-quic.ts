import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { AddressUnavailableError, QuicConnectionError } from '../errors.ts'
import {
  DEFAULT_QUIC_LIMITS,
  type QuicCertificate,
  type QuicConnection,
  type QuicConnectOptions,
  type QuicDriver,
  type QuicEndpoint,
  type QuicLimits,
  type QuicListenOptions,
} from '../quic.ts'
import type {
  DenoConnection,
  DenoEndpoint,
  DenoIncoming,
  DenoListener,
  DenoNet,
  DenoTransportOptions,
} from './deno-api.ts'
import { DenoQuicConnection } from './deno-connection.ts'

/** QUIC in Deno, by its own (quinn). */
export function denoQuic({
  deno,
  limits: given,
}: {
  deno: DenoNet
  limits?: Partial<QuicLimits>
}): QuicDriver {
  const limits = { ...DEFAULT_QUIC_LIMITS, ...given }
  const transport: DenoTransportOptions = {
    keepAliveInterval: limits.keepAliveMs,
    maxIdleTimeout: limits.idleMs,
    maxConcurrentBidirectionalStreams: limits.streams,
    maxConcurrentUnidirectionalStreams: limits.unidirectionalStreams,
  }
  return {
    name: 'deno',
    canReset: false,
    listen: async options => new Listening(bound(deno, options), { ...options, limits, transport }),

    async connect({
      host,
      port,
      protocol,
      certificateDigests,
      signal,
    }: QuicConnectOptions): Promise<QuicConnection> {
      signal.throwIfAborted()
      const hostname = isIP(host) === 0 ? (await lookup(host)).address : host
      const connecting = deno.connectQuic({
        hostname,
        port,
        alpnProtocols: [protocol],
        serverCertificateHashes: certificateDigests.map(value => ({ algorithm: 'sha-256', value })),
        ...transport,
      })
      return new DenoQuicConnection(await inTime(connecting, signal))
    },
  }
}

function bound(deno: DenoNet, { host, port }: QuicListenOptions): DenoEndpoint {
  try {
    return new deno.QuicEndpoint({ hostname: host, port })
  } catch (cause) {
    throw new AddressUnavailableError({ host, port }, cause)
  }
}

/** The connection, or on abort none: one that comes later is closed. */
async function inTime(connecting: Promise<DenoConnection>, signal: AbortSignal): Promise<DenoConnection> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(signal.reason)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([connecting, aborted])
  } catch (error) {
    connecting.then(
      late => new DenoQuicConnection(late).close(0, ''),
      () => {},
    )
    throw signal.aborted ? signal.reason : new QuicConnectionError('no connection could be made', error)
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

type ListeningOptions = QuicListenOptions & { limits: QuicLimits; transport: DenoTransportOptions }

class Listening implements QuicEndpoint {
  readonly #endpoint: DenoEndpoint
  readonly #options: ListeningOptions
  readonly #connections = new Set<QuicConnection>()
  /**
   * One for each certificate. Only the first is iterated, and it goes on giving those who come; were it collected, the
   * endpoint would take no more of them.
   */
  readonly #listeners: DenoListener[] = []
  #handshakes = 0

  constructor(endpoint: DenoEndpoint, options: ListeningOptions) {
    this.#endpoint = endpoint
    this.#options = options
    this.setCertificate(options.certificate)
    void this.#acceptAll()
  }

  get address() {
    const { hostname, port } = this.#endpoint.addr
    return { host: hostname.replace(/^\[|\]$/g, ''), port }
  }

  setCertificate({ cert, key }: QuicCertificate): void {
    const { protocol, transport } = this.#options
    this.#listeners.push(this.#endpoint.listen({ cert, key, alpnProtocols: [protocol], ...transport }))
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.close(0, '')
    // Their ends are sent by the endpoint, which must not be gone before.
    await Promise.all([...this.#connections].map(({ closed }) => closed))
    for (const listener of this.#listeners) listener.stop()
    this.#endpoint.close()
  }

  async #acceptAll(): Promise<void> {
    const [first] = this.#listeners
    if (first === undefined) return
    try {
      for await (const incoming of first) void this.#accept(incoming)
    } catch {
      // Stopped.
    }
  }

  async #accept(incoming: DenoIncoming): Promise<void> {
    const { limits, onConnection } = this.#options
    if (this.#handshakes >= limits.handshakes || this.#connections.size >= limits.connections)
      return incoming.ignore()
    this.#handshakes += 1
    try {
      const connection = new DenoQuicConnection(await incoming.accept())
      this.#connections.add(connection)
      void connection.closed.then(() => this.#connections.delete(connection))
      onConnection(connection)
    } catch {
      // The handshake failed: who came is told so by QUIC.
    } finally {
      this.#handshakes -= 1
    }
  }
}
