/**
 * The WebSocket transport dials addresses with an `/http-path` correctly, but its filter does not let them
 * through. This does. It can go when the first case of http-websocket.test.ts fails.
 */
import type { Multiaddr } from '@multiformats/multiaddr'
import type { TransportFactory } from './transport-factory.ts'

export function withPaths(factory: TransportFactory): TransportFactory {
  return components => {
    const transport = factory(components)
    const dialFilter = transport.dialFilter.bind(transport)
    transport.dialFilter = addresses => [...dialFilter(addresses), ...addresses.filter(isWebSocketWithPath)]
    return transport
  }
}

/** `…/tcp/<port>[/tls]/ws/http-path/<path>[/p2p/<id>]`, and not through a relay. */
function isWebSocketWithPath(address: Multiaddr): boolean {
  const components = address.getComponents()
  const names = components.map(component => component.name)
  const path = components.find(({ name }) => name === 'http-path')?.value ?? ''
  return /\btcp (tls |sni )*wss? http-path( p2p)?$/.test(names.join(' ')) && OF_A_MESH.test(path)
}

/**
 * Where nodes and the proxies before them serve the mesh. Addresses come from strangers: by any other path, or with a query,
 * they could have a peer ask something of whatever HTTP server it can reach.
 */
const OF_A_MESH = /^\/?([\w.~-]+\/)*p2p$/
