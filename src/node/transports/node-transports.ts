import { tcp } from '@libp2p/tcp'
import { webRTC, webRTCDirect } from '@libp2p/webrtc'
import { webSockets } from '@libp2p/websockets'
import type { Libp2pOptions } from 'libp2p'
import { systemClock } from '../../shared/clock.ts'
import { type Logger, silentLogger } from '../../shared/logger.ts'
import { persistentRelayTransport } from '../../shared/mesh/workarounds/relay-retry.ts'
import { withBoundedPeerConnections } from '../../shared/mesh/workarounds/webrtc-direct-listener.ts'
import { withoutShutdownLeak } from '../../shared/mesh/workarounds/webrtc-leak.ts'
import { withShortTries } from '../../shared/mesh/workarounds/webrtc-race.ts'
import { withErrorsOnly } from '../../shared/mesh/workarounds/websocket-error.ts'
import { withBoundedListener } from '../../shared/mesh/workarounds/websocket-listener.ts'
import { withPaths } from '../../shared/mesh/workarounds/websocket-path.ts'
import { noiseCrypto } from './noise-crypto.ts'
import type { QuicDriver } from './webtransport/quic.ts'
import { nodeWebTransport } from './webtransport/web-transport.ts'

/** No STUN: peers meet on a network that they share, or through a relay; nothing is asked of public servers. */
const RTC_CONFIGURATION = { iceServers: [] }

/** What a node listens on beside its own ports: a relay slot, and WebRTC by way of it. */
export const RELAYED_LISTEN = ['/p2p-circuit', '/webrtc']

export interface NodeTransportsOptions {
  /** Whether a relay would give this node a slot. */
  mayAskForSlot?: (peerId: string) => boolean
  /** QUIC, where this runtime has it: WebTransport is made on it. */
  quic?: QuicDriver | undefined
  logger?: Logger
}

/** The transports of a node: TCP, WebSocket, WebTransport, WebRTC-Direct, and WebRTC by way of a relay. */
export function nodeTransports({
  mayAskForSlot = () => true,
  quic,
  logger = silentLogger,
}: NodeTransportsOptions = {}): NonNullable<Libp2pOptions['transports']> {
  return [
    tcp(),
    withErrorsOnly(withPaths(withBoundedListener(webSockets()))),
    ...(quic === undefined
      ? []
      : [nodeWebTransport({ driver: quic, noiseCrypto, clock: systemClock, logger })]),
    withBoundedPeerConnections(webRTCDirect({ rtcConfiguration: RTC_CONFIGURATION })),
    withShortTries(withoutShutdownLeak(webRTC({ rtcConfiguration: RTC_CONFIGURATION }))),
    persistentRelayTransport({ clock: systemClock, mayAsk: mayAskForSlot }),
  ]
}
