import { identify, identifyPush } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { yamux } from '@libp2p/yamux'
import type { Libp2pOptions } from 'libp2p'
import { DialTransports } from './dialling/transports.ts'
import type { MeshHostLimits, MeshHostOptions } from './host-contract.ts'
import type { MeshGuard } from './limits/mesh-guard.ts'
import { relayService } from './relay/relay-service.ts'
import { withJoinedWrites } from './workarounds/joined-writes.ts'
import { promptKeychain } from './workarounds/keychain-delay.ts'

/** What a host makes of libp2p's services. */
export interface MeshServices extends Record<string, unknown> {
  dialling: DialTransports
}

/** How a mesh host has libp2p work. */
export function libp2pOptions(
  options: MeshHostOptions,
  limits: MeshHostLimits,
  guard: MeshGuard,
): Libp2pOptions<MeshServices> {
  const { listen, announce, transports, privateKey, datastore, relayServer, noiseCrypto } = options
  return {
    privateKey,
    start: false,
    addresses: { listen, ...(announce === undefined ? {} : { appendAnnounce: announce }) },
    transports,
    connectionEncrypters: [withJoinedWrites(noise(noiseCrypto === undefined ? {} : { crypto: noiseCrypto }))],
    streamMuxers: [yamux()],
    connectionGater: guard.gater(),
    connectionManager: {
      maxConnections: limits.connections,
      inboundConnectionThreshold: limits.connectionsPerSecond,
      maxIncomingPendingConnections: limits.pendingConnections,
      inboundUpgradeTimeout: limits.handshakeMs,
      inboundStreamProtocolNegotiationTimeout: limits.negotiationMs,
      addressDialTimeout: limits.dialMs,
      dialTimeout: limits.dialMs,
      // Sessions are kept by the pool; libp2p's own reconnect would dial beside it.
      reconnectRetries: 0,
    },
    // Sessions ping on their own stream; the monitor would abort a connection for one late answer.
    connectionMonitor: { enabled: false, abortConnectionOnPingFailure: false },
    ...(datastore === undefined ? {} : { datastore }),
    ...(options.peerDiscovery === undefined ? {} : { peerDiscovery: options.peerDiscovery }),
    services: {
      ...options.services,
      dialling: components => new DialTransports(components),
      identify: identify(),
      identifyPush: identifyPush(),
      ping: ping(),
      ...(datastore === undefined ? {} : { keychain: promptKeychain() }),
      ...(relayServer === true ? { relay: relayService(limits, options.clock) } : {}),
    },
  }
}
