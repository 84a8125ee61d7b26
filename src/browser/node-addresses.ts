import { dialOrder } from '../shared/mesh/dialling/dial-order.ts'

const LOOPBACK_ADDRESS = /^\/(ip4\/127\.|ip6\/::1\/|dns[46]?\/localhost\/)/
const LOOPBACK_HOST = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/
const PLAIN_WEBSOCKET = /\/ws\b/
const TLS = /\/(tls|wss)\b/

/** Where the node's HTTP server takes the mesh's WebSocket. */
const WEBSOCKET_PATH = 'p2p'

/**
 * The multiaddrs by which a page can dial its node, in the order to start them; what goes through a relay is not for the
 * first hop of a tab. The page's own host and port, which the page came by, are among them whatever the node says of
 * itself: it may not know the name that leads to it, and the person has trusted a self-signed certificate for
 * that very origin. Loopback addresses are only for a page that was opened on the node's own machine.
 */
export function dialableAddresses(multiaddrs: readonly string[], page: URL): string[] {
  const here = LOOPBACK_HOST.test(page.hostname)
  const pageHost = hostPart(page.hostname)
  const own = ownWebSocket(page)
  const distance = (address: string) => (address === own ? 0 : address.startsWith(pageHost) ? 1 : 2)
  const nearestFirst = [own, ...multiaddrs.filter(address => !isSame(address, own))]
    .filter(address => here || !LOOPBACK_ADDRESS.test(address))
    .filter(address => !address.includes('/p2p-circuit') && !isBlocked(address, page))
    .sort((a, b) => distance(a) - distance(b))
  return dialOrder(nearestFirst, 'tab')
}

/** A page that came over TLS may open a plain WebSocket only to its own machine (Mixed Content, 4.2). */
function isBlocked(address: string, page: URL): boolean {
  const isPlain = PLAIN_WEBSOCKET.test(address) && !TLS.test(address)
  return isPlain && page.protocol === 'https:' && !LOOPBACK_ADDRESS.test(address)
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
