/** Ways from a page to a node, best first; anything else (TCP, a relay) is not for the first hop of a tab. */
const WAYS: readonly RegExp[] = [/\/webtransport\b/, /\/webrtc-direct\b/, /\/wss\b|\/tls\/.*ws\b/, /\/ws\b/]

const PLAIN_WEBSOCKET = WAYS.length - 1

const LOOPBACK_ADDRESS = /^\/(ip4\/127\.|ip6\/::1\/|dns[46]?\/localhost\/)/
const LOOPBACK_HOST = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/** Where the node's HTTP server takes the mesh's WebSocket. */
const WEBSOCKET_PATH = 'p2p'

/**
 * The multiaddrs by which a page can dial its node, best first: WebTransport, WebRTC-Direct, WebSocket over TLS,
 * WebSocket. The page's own host and port, which the page came by, are among them whatever the node says of
 * itself: it may not know the name that leads to it, and the person has trusted a self-signed certificate for
 * that very origin. Loopback addresses are only for a page that was opened on the node's own machine.
 */
export function dialableAddresses(multiaddrs: readonly string[], page: URL): string[] {
  const here = LOOPBACK_HOST.test(page.hostname)
  const pageHost = hostPart(page.hostname)
  const own = ownWebSocket(page)
  const distance = (address: string) => (address === own ? 0 : address.startsWith(pageHost) ? 1 : 2)
  return [own, ...multiaddrs.filter(address => !isSame(address, own))]
    .filter(address => here || !LOOPBACK_ADDRESS.test(address))
    .filter(address => !address.includes('/p2p-circuit'))
    .map(address => ({
      address,
      rank: WAYS.findIndex(way => way.test(address)),
      distance: distance(address),
    }))
    .filter(({ address, rank }) => rank >= 0 && !(rank === PLAIN_WEBSOCKET && isBlocked(address, page)))
    .sort((a, b) => a.rank - b.rank || a.distance - b.distance)
    .map(({ address }) => address)
}

/** A page that came over TLS may open a plain WebSocket only to its own machine (Mixed Content, 4.2). */
function isBlocked(address: string, page: URL): boolean {
  return page.protocol === 'https:' && !LOOPBACK_ADDRESS.test(address)
}

function ownWebSocket({ protocol, hostname, port }: URL): string {
  const isTls = protocol === 'https:'
  const tcp = port === '' ? (isTls ? 443 : 80) : port
  return `${hostPart(hostname)}tcp/${tcp}${isTls ? '/tls' : ''}/ws/http-path/${WEBSOCKET_PATH}`
}

function hostPart(hostname: string): string {
  if (hostname.startsWith('[')) return `/ip6/${hostname.slice(1, -1)}/`
  return /^[\d.]+$/.test(hostname) ? `/ip4/${hostname}/` : `/dns/${hostname}/`
}

/** With or without the peer id at its end. */
function isSame(address: string, own: string): boolean {
  return address === own || address.startsWith(`${own}/p2p/`)
}
