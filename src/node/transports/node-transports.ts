import { tcp } from '@libp2p/tcp'
import { webRTC, webRTCDirect } from '@libp2p/webrtc'
import { webSockets } from '@libp2p/websockets'
import type { Libp2pOptions } from 'libp2p'
import { systemClock } from '../../shared/clock.ts'
import { persistentRelayTransport } from '../../shared/mesh/workarounds/relay-retry.ts'
import { withoutShutdownLeak } from '../../shared/mesh/workarounds/webrtc-leak.ts'
import { withShortTries } from '../../shared/mesh/workarounds/webrtc-race.ts'
import { withErrorsOnly } from '../../shared/mesh/workarounds/websocket-error.ts'
import { withPaths } from '../../shared/mesh/workarounds/websocket-path.ts'

/** No STUN: peers meet on a network that they share, or through a relay; nothing is asked of public servers. */
const RTC_CONFIGURATION = { iceServers: [] }

/** The transports of a node: TCP, WebSocket, WebRTC-Direct, and WebRTC by way of a relay. */
export function nodeTransports(): NonNullable<Libp2pOptions['transports']> {
  return [
    tcp(),
    withErrorsOnly(withPaths(webSockets())),
    webRTCDirect({ rtcConfiguration: RTC_CONFIGURATION }),
    withShortTries(withoutShutdownLeak(webRTC({ rtcConfiguration: RTC_CONFIGURATION }))),
    persistentRelayTransport(systemClock),
  ]
}
