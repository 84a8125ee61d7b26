import { multiaddr } from '@multiformats/multiaddr'

/** Direct addresses of a peer that one try takes at most. */
const MOST = 12

/**
 * By which addresses a peer may be reached without the relay through which its session goes: those that it says, and WebRTC,
 * whose offer and answer go through the session's own connection.
 *
 * @param relayed the remote address of the relayed connection
 */
export function directAddresses(known: readonly string[], relayed: string | undefined): string[] {
  const direct = known.filter(address => !address.includes('/p2p-circuit')).slice(0, MOST)
  const webrtc = relayed === undefined ? undefined : webrtcThrough(relayed)
  return webrtc === undefined ? direct : [...direct, webrtc]
}

function webrtcThrough(relayed: string): string | undefined {
  const [relay, peer] = relayed.split('/p2p-circuit')
  if (relay === undefined || peer === undefined) return undefined
  return multiaddr(`${relay}/p2p-circuit/webrtc${peer}`).toString()
}
