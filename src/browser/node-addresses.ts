/** Ways from a page to a node, best first; anything else (TCP, a relay) is not for the first hop of a tab. */
const WAYS: readonly RegExp[] = [/\/webtransport\b/, /\/webrtc-direct\b/, /\/wss\b|\/tls\/.*ws\b/, /\/ws\b/]

const LOOPBACK_ADDRESS = /^\/(ip4\/127\.|ip6\/::1\/|dns[46]?\/localhost\/)/
const LOOPBACK_HOST = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/**
 * The multiaddrs of a node that a page can dial, best first: WebTransport, WebRTC-Direct, WebSocket over TLS,
 * WebSocket. Loopback addresses are only for a page that was opened on the node's own machine.
 */
export function dialableAddresses(multiaddrs: readonly string[], pageHost: string): string[] {
  const here = LOOPBACK_HOST.test(pageHost)
  return multiaddrs
    .filter(address => here || !LOOPBACK_ADDRESS.test(address))
    .filter(address => !address.includes('/p2p-circuit'))
    .map(address => ({ address, rank: WAYS.findIndex(way => way.test(address)) }))
    .filter(({ rank }) => rank >= 0)
    .sort((a, b) => a.rank - b.rank)
    .map(({ address }) => address)
}
