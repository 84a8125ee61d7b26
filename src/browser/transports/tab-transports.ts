import { webRTC, webRTCDirect } from '@libp2p/webrtc'
import { webSockets } from '@libp2p/websockets'
import type { Libp2pOptions } from 'libp2p'
import { systemClock } from '../../shared/clock.ts'
import { rtcConfiguration } from '../../shared/mesh/reach/rtc-configuration.ts'
import { withRelayPaths } from '../../shared/mesh/workarounds/relay-path.ts'
import { persistentRelayTransport } from '../../shared/mesh/workarounds/relay-retry.ts'
import { withoutShutdownLeak } from '../../shared/mesh/workarounds/webrtc-leak.ts'
import { DIRECT_TRIES_MS, withShortTries } from '../../shared/mesh/workarounds/webrtc-race.ts'
import { withClosedAborts } from '../../shared/mesh/workarounds/websocket-abort.ts'
import { withErrorsOnly } from '../../shared/mesh/workarounds/websocket-error.ts'
import { withPaths } from '../../shared/mesh/workarounds/websocket-path.ts'
import { withWorkingResets } from '../../shared/mesh/workarounds/websocket-reset.ts'
import { browserWebTransport } from './web-transport.ts'

/** WebRTC-Direct dials an address that the listener says: no STUN. */
const DIRECT = { iceServers: [] }

/** What a tab listens on: a relay slot at whom it is connected to, and WebRTC by way of it. */
export const TAB_LISTEN = ['/p2p-circuit', '/webrtc']

/**
 * The transports of a tab; the order of the addresses that it dials is the caller's.
 *
 * @param stunServers servers that tell WebRTC how this tab is seen, as `stun:192.0.2.1:3478`; asked for each connection
 */
export function tabTransports(
  stunServers: () => readonly string[] = () => [],
): NonNullable<Libp2pOptions['transports']> {
  return [
    withShortTries(webRTCDirect({ rtcConfiguration: DIRECT }), DIRECT_TRIES_MS),
    withErrorsOnly(withClosedAborts(withWorkingResets(withPaths(webSockets())))),
    browserWebTransport({ clock: systemClock }),
    withRelayPaths(
      withShortTries(withoutShutdownLeak(webRTC({ rtcConfiguration: rtcConfiguration(stunServers) }))),
    ),
    withRelayPaths(persistentRelayTransport({ clock: systemClock })),
  ]
}
