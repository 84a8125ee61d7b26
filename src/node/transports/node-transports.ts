import { tcp } from '@libp2p/tcp'
import { webRTC, webRTCDirect } from '@libp2p/webrtc'
import { webSockets } from '@libp2p/websockets'
import type { Libp2pOptions } from 'libp2p'
import { systemClock } from '../../shared/clock.ts'
import { type Logger, silentLogger } from '../../shared/logger.ts'
import { rtcConfiguration } from '../../shared/mesh/reach/rtc-configuration.ts'
import { withRelayPaths } from '../../shared/mesh/workarounds/relay-path.ts'
import { persistentRelayTransport } from '../../shared/mesh/workarounds/relay-retry.ts'
import { withBoundedPeerConnections } from '../../shared/mesh/workarounds/webrtc-direct-listener.ts'
import { withFreeUdpPort } from '../../shared/mesh/workarounds/webrtc-direct-port.ts'
import { withoutShutdownLeak } from '../../shared/mesh/workarounds/webrtc-leak.ts'
import { DIRECT_TRIES_MS, withShortTries } from '../../shared/mesh/workarounds/webrtc-race.ts'
import { withOrderedSignals } from '../../shared/mesh/workarounds/webrtc-signal-order.ts'
import { withClosedAborts } from '../../shared/mesh/workarounds/websocket-abort.ts'
import { withErrorsOnly } from '../../shared/mesh/workarounds/websocket-error.ts'
import { withBoundedListener } from '../../shared/mesh/workarounds/websocket-listener.ts'
import { withPaths } from '../../shared/mesh/workarounds/websocket-path.ts'
import { withWorkingResets } from '../../shared/mesh/workarounds/websocket-reset.ts'
import { runtimeName } from '../runtime-name.ts'
import { freeUdpPort } from './free-udp-port.ts'
import { noiseCrypto } from './noise-crypto.ts'
import { undelayedWebSocket } from './undelayed-websocket.ts'
import type { QuicDriver } from './webtransport/quic.ts'
import { nodeWebTransport } from './webtransport/web-transport.ts'

/** WebRTC-Direct dials an address that the listener says: no STUN. */
const DIRECT = { iceServers: [] }

/** What a node listens on beside its own ports: a relay slot, and WebRTC by way of it. */
export const RELAYED_LISTEN = ['/p2p-circuit', '/webrtc']

export interface NodeTransportsOptions {
  /** Whether a relay would give this node a slot. */
  mayAskForSlot?: (peerId: string) => boolean
  /** Servers that tell WebRTC how this node is seen, as `stun:192.0.2.1:3478`; asked for each connection. */
  stunServers?: () => readonly string[]
  /** Certificate chain and key in PEM, for WebSocket listeners with `/tls`. */
  tls?: { cert: string; key: string } | undefined
  /** QUIC, where this runtime has it: WebTransport is made on it. */
  quic?: QuicDriver | undefined
  logger?: Logger
}

/** The transports of a node: TCP, WebSocket, WebTransport, WebRTC-Direct, and WebRTC by way of a relay. */
export function nodeTransports({
  mayAskForSlot = () => true,
  stunServers = () => [],
  tls,
  quic,
  logger = silentLogger,
}: NodeTransportsOptions = {}): NonNullable<Libp2pOptions['transports']> {
  return [
    tcp(),
    withErrorsOnly(
      withClosedAborts(
        withWorkingResets(
          withPaths(withBoundedListener(webSockets(tls === undefined ? {} : { https: tls }))),
        ),
        runtimeName() === 'deno' ? undelayedWebSocket : undefined,
      ),
    ),
    ...(quic === undefined
      ? []
      : [nodeWebTransport({ driver: quic, noiseCrypto, clock: systemClock, logger })]),
    withFreeUdpPort(
      withShortTries(withBoundedPeerConnections(webRTCDirect({ rtcConfiguration: DIRECT })), DIRECT_TRIES_MS),
      freeUdpPort,
    ),
    withRelayPaths(
      withShortTries(
        withOrderedSignals(withoutShutdownLeak(webRTC({ rtcConfiguration: rtcConfiguration(stunServers) }))),
      ),
    ),
    withRelayPaths(persistentRelayTransport({ clock: systemClock, mayAsk: mayAskForSlot })),
  ]
}
