/**
 * A WebRTC-Direct listener on UDP port 0 looks for a free TCP port and takes the UDP port of the same number, which may be
 * in use, as by WebTransport: then the host does not start. This gives it a free UDP port. It can go when the first case of
 * webrtc-direct-port.test.ts fails.
 */
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { TransportFactory } from './transport-factory.ts'

/** `freeUdpPort` finds one on all interfaces. */
export function withFreeUdpPort(
  factory: TransportFactory,
  freeUdpPort: () => Promise<number>,
): TransportFactory {
  return components => {
    const transport = factory(components)
    const createListener = transport.createListener.bind(transport)
    transport.createListener = options => {
      const listener = createListener(options)
      const listen = listener.listen.bind(listener)
      listener.listen = async address =>
        listen(takesAny(address) ? withPort(address, await freeUdpPort()) : address)
      return listener
    }
    return transport
  }
}

function takesAny(address: Multiaddr): boolean {
  return address.getComponents().some(({ name, value }) => name === 'udp' && value === '0')
}

function withPort(address: Multiaddr, port: number): Multiaddr {
  return multiaddr(
    address.getComponents().map(({ code, name, value }) => ({
      code,
      name,
      ...(name === 'udp' ? { value: String(port) } : value === undefined ? {} : { value }),
    })),
  )
}
