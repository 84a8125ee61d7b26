import { webRTC, webRTCDirect } from '@libp2p/webrtc'
import { webSockets } from '@libp2p/websockets'
import type { Libp2pOptions } from 'libp2p'
import { systemClock } from '../../shared/clock.ts'
import { persistentRelayTransport } from '../../shared/mesh/workarounds/relay-retry.ts'
import { withoutShutdownLeak } from '../../shared/mesh/workarounds/webrtc-leak.ts'
import { withShortTries } from '../../shared/mesh/workarounds/webrtc-race.ts'
import { withErrorsOnly } from '../../shared/mesh/workarounds/websocket-error.ts'
import { withPaths } from '../../shared/mesh/workarounds/websocket-path.ts'
import { browserWebTransport } from './web-transport.ts'

/** No STUN: peers meet on a network that they share, or through a relay; nothing is asked of public servers. */
const RTC_CONFIGURATION = { iceServers: [] }

/** What a tab listens on: a relay slot at whom it is connected to, and WebRTC by way of it. */
export const TAB_LISTEN = ['/p2p-circuit', '/webrtc']

/** The transports of a tab; the order of the addresses that it dials is the caller's. */
export function tabTransports(): NonNullable<Libp2pOptions['transports']> {
  return [
    webRTCDirect({ rtcConfiguration: RTC_CONFIGURATION }),
    withErrorsOnly(withPaths(webSockets())),
    browserWebTransport({ clock: systemClock }),
    withShortTries(withoutShutdownLeak(webRTC({ rtcConfiguration: RTC_CONFIGURATION }))),
    persistentRelayTransport({ clock: systemClock }),
  ]
}
