/** A libp2p peer that keeps to nothing: what it does by itself goes over the wire as it is. */
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { encodeFrame } from '../frame.ts'
import type { MeshHost } from '../host-contract.ts'
import { SESSION_PROTOCOL } from '../session.ts'
import type { TransportFactory } from '../workarounds/transport-factory.ts'

export interface HostilePeer {
  readonly peerId: string
  readonly libp2p: Libp2p
  /** One more connection, although others are open. */
  connect(victim: MeshHost): Promise<Connection>
  connectTo(address: string): Promise<Connection>
  close(): Promise<void>
}

export async function hostilePeer(transport?: TransportFactory): Promise<HostilePeer> {
  const libp2p = await createLibp2p({
    privateKey: await generateKeyPair('Ed25519'),
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: transport === undefined ? [tcp()] : [tcp(), transport],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ maxOutboundStreams: 100_000 })],
    connectionManager: { reconnectRetries: 0 },
    connectionMonitor: { enabled: false },
    services: { identify: identify({ runOnConnectionOpen: false }) },
  })
  const connectTo = (address: string) =>
    libp2p.dial(multiaddr(address), { force: true, signal: AbortSignal.timeout(5000) })
  return {
    peerId: libp2p.peerId.toString(),
    libp2p,
    connectTo,
    connect: victim => connectTo(victim.addresses()[0] ?? ''),
    close: async () => libp2p.stop(),
  }
}

/** A session's stream on which anything can be sent. */
export class RawSession {
  readonly stream: Stream
  /** All that came, as text. */
  received = ''

  constructor(stream: Stream) {
    this.stream = stream
    const decoder = new TextDecoder()
    stream.addEventListener('message', ({ data }) => {
      this.received += decoder.decode(data.subarray(), { stream: true })
    })
  }

  static async open(connection: Connection): Promise<RawSession> {
    return new RawSession(await connection.newStream(SESSION_PROTOCOL, { maxOutboundStreams: 10_000 }))
  }

  get ended(): boolean {
    return this.stream.remoteWriteStatus === 'closed' || this.stream.status !== 'open'
  }

  /** Sends messages as frames in one piece; false when the stream takes no more. */
  send(...messages: object[]): boolean {
    if (this.stream.status !== 'open') return false
    const frames = messages.map(message => encodeFrame(JSON.stringify({ jsonrpc: '2.0', ...message })))
    try {
      for (const frame of frames) this.stream.send(frame)
    } catch {
      return false
    }
    return true
  }
}
