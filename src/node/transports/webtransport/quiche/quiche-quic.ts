import { createHash } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { isIP, isIPv6 } from 'node:net'
import type { Clock } from '../../../../shared/clock.ts'
import { QuicConnectionError } from '../errors.ts'
import {
  DEFAULT_QUIC_LIMITS,
  type QuicConnection,
  type QuicConnectOptions,
  type QuicDriver,
  type QuicEndpoint,
  type QuicLimits,
  type QuicListenOptions,
} from '../quic.ts'
import type { Quiche } from './binding.ts'
import { quicheConfig } from './quiche-config.ts'
import type { QuicheConnection } from './quiche-connection.ts'
import { QuicheEndpoint } from './quiche-endpoint.ts'

export interface QuicheQuicInit {
  quiche: Quiche
  clock: Clock
  random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array
  limits?: Partial<QuicLimits>
}

/** The peer ends a connection whose certificate it does not take with this (RFC 9001, 4.8: TLS bad_certificate). */
const BAD_CERTIFICATE = 0x12a

const CLOSED = { code: 0, reason: '' }

/** QUIC in Node, by the native quiche. */
export function quicheQuic({ quiche, clock, random, limits: given }: QuicheQuicInit): QuicDriver {
  const limits = { ...DEFAULT_QUIC_LIMITS, ...given }
  const parts = { quiche, limits, clock, random }
  return {
    name: 'quiche',
    canReset: true,

    async listen({
      host,
      port,
      certificate,
      protocol,
      onConnection,
    }: QuicListenOptions): Promise<QuicEndpoint> {
      const configFor = (shown: typeof certificate) =>
        quicheConfig(quiche, { protocol, limits, certificate: shown })
      const config = configFor(certificate)
      const endpoint = await QuicheEndpoint.bind({ host, port }, parts)
      endpoint.serve(config, onConnection)
      return {
        address: endpoint.address,
        setCertificate: shown => endpoint.serve(configFor(shown), onConnection),
        close: () => endpoint.close(CLOSED),
      }
    },

    async connect({
      host,
      port,
      protocol,
      certificateDigests,
      signal,
    }: QuicConnectOptions): Promise<QuicConnection> {
      signal.throwIfAborted()
      const remote = isIP(host.split('%')[0] ?? host) ? host : (await lookup(host)).address
      const endpoint = await QuicheEndpoint.bind(
        { host: isIPv6(remote.split('%')[0] ?? remote) ? '::' : '0.0.0.0', port: 0 },
        parts,
      )
      try {
        const connection = await established(endpoint, {
          config: quicheConfig(quiche, { protocol, limits }),
          serverName: isIP(host) ? null : host,
          remoteAddress: { host: remote, port },
          signal,
        })
        requireCertificate(connection, certificateDigests)
        void connection.closed.then(() => endpoint.close(CLOSED))
        return connection
      } catch (error) {
        await endpoint.close(CLOSED)
        throw error
      }
    },
  }
}

async function established(
  endpoint: QuicheEndpoint,
  { signal, ...target }: Parameters<QuicheEndpoint['connect']>[0] & { signal: AbortSignal },
): Promise<QuicheConnection> {
  const { promise, resolve, reject } = Promise.withResolvers<QuicheConnection>()
  const onAbort = () => reject(signal.reason)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  const connection = endpoint.connect(target, resolve)
  void connection.closed.then(({ reason }) => reject(new QuicConnectionError(`no connection: ${reason}`)))
  return promise.finally(() => signal.removeEventListener('abort', onAbort))
}

/** The library was told to let every certificate pass: which one may be shown is known by its hash only. */
function requireCertificate(connection: QuicheConnection, digests: readonly Uint8Array[]): void {
  const [shown] = connection.native.peerCertChain() ?? []
  const digest = shown === undefined ? undefined : createHash('sha256').update(shown).digest()
  if (digest !== undefined && digests.some(each => digest.equals(each))) return
  connection.close(BAD_CERTIFICATE, 'another certificate')
  throw new QuicConnectionError('the server shows another certificate than its address names')
}
