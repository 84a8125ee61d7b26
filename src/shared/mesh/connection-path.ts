import type { Multiaddr } from '@multiformats/multiaddr'
import type { Path } from './session-contract.ts'

/** How the bytes of a connection with this remote address travel. */
export function pathOf(address: Multiaddr): Path {
  const names = new Set(address.getComponents().map(component => component.name))
  if (names.has('webrtc-direct')) return 'webrtc-direct'
  if (names.has('webrtc')) return 'webrtc'
  if (names.has('p2p-circuit')) return 'relay'
  if (names.has('webtransport')) return 'webtransport'
  return names.has('ws') || names.has('wss') ? 'websocket' : 'tcp'
}
