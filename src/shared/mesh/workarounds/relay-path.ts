/**
 * An address through a relay that is itself reached by a WebSocket with an `/http-path` is dialled correctly, but no filter
 * of a transport lets it through. This does. It can go when the first case of relay-path.test.ts fails.
 */
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { TransportFactory } from './transport-factory.ts'

export function withRelayPaths(factory: TransportFactory): TransportFactory {
  return components => {
    const transport = factory(components)
    const dialFilter = transport.dialFilter.bind(transport)
    transport.dialFilter = addresses =>
      addresses.filter(
        address => dialFilter([address]).length > 0 || dialFilter(withoutPath(address)).length > 0,
      )
    return transport
  }
}

/** The address with the path of its relay taken away; nothing where there is none. */
function withoutPath(address: Multiaddr): Multiaddr[] {
  const parts = address.getComponents()
  const circuit = parts.findIndex(({ name }) => name === 'p2p-circuit')
  const path = parts.findIndex(({ name }) => name === 'http-path')
  if (path === -1 || path > circuit) return []
  return [multiaddr(address.toString().replace(/\/http-path\/[^/]+/, ''))]
}
