import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { tcp } from '@libp2p/tcp'
import { webRTC, webRTCDirect } from '@libp2p/webrtc'
import { webSockets } from '@libp2p/websockets'
import type { Libp2pOptions } from 'libp2p'

/** No STUN: peers meet on a network that they share, or through a relay; nothing is asked of public servers. */
const RTC_CONFIGURATION = { iceServers: [] }

/** The transports of a node: TCP, WebSocket, WebRTC-Direct, and WebRTC by way of a relay. */
export function nodeTransports(): NonNullable<Libp2pOptions['transports']> {
  return [
    tcp(),
    webSockets(),
    webRTCDirect({ rtcConfiguration: RTC_CONFIGURATION }),
    webRTC({ rtcConfiguration: RTC_CONFIGURATION }),
    circuitRelayTransport(),
  ]
}
