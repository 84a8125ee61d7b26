import { digestOf } from '../../../shared/mesh/webtransport/certhash.ts'
import { type ListenerCertificate, makeCertificate } from './certificate.ts'
import type { QuicConnection, QuicDriver, QuicEndpoint } from './quic.ts'
import { StreamInbox } from './stream-inbox.ts'

const HOUR_MS = 3_600_000
const made = makeCertificate(Date.now() - HOUR_MS)

export const soon = () => AbortSignal.timeout(20_000)

export interface QuicPair {
  endpoint: QuicEndpoint
  certificate: ListenerCertificate
  /** Connects once more; both ends of the connection. */
  connect(certificate?: ListenerCertificate): Promise<{ client: QuicConnection; server: QuicConnection }>
  close(): Promise<void>
}

/** An endpoint on the loopback, and what it takes to connect to it. */
export async function quicPair(driver: QuicDriver, host = '127.0.0.1', dialled = host): Promise<QuicPair> {
  const certificate = await made
  const arrived = new StreamInbox<QuicConnection>()
  const clients: QuicConnection[] = []
  const endpoint = await driver.listen({
    host,
    port: 0,
    certificate,
    protocol: 'h3',
    onConnection: connection => arrived.put(connection),
  })
  return {
    endpoint,
    certificate,
    async connect(shown = certificate) {
      const client = await driver.connect({
        host: dialled,
        port: endpoint.address.port,
        protocol: 'h3',
        certificateDigests: [digestOf(shown.certhash)],
        signal: soon(),
      })
      clients.push(client)
      const server = await arrived.take()
      if (server === undefined) throw new Error('no connection came')
      return { client, server }
    },
    async close() {
      for (const client of clients) client.close(0, '')
      await endpoint.close()
    },
  }
}
