/**
 * The WebRTC transport adds a shutdown listener for each connection and removes it on an event that a peer
 * connection never fires, so every connection of a node's life stays in memory. This removes it when the
 * connection closes. It can go when the first case of webrtc-leak.test.ts fails.
 */
import type { MultiaddrConnection } from '@libp2p/interface'
import type { TransportFactory } from './transport-factory.ts'

interface ShutsDown {
  shutdownController: AbortController
  _closeOnShutdown: (peerConnection: unknown, connection: MultiaddrConnection) => void
}

export function withoutShutdownLeak(factory: TransportFactory): TransportFactory {
  return components => {
    const transport = factory(components)
    if (shutsDown(transport)) {
      const { signal } = transport.shutdownController
      transport._closeOnShutdown = (_, connection) => {
        const close = () => void connection.close().catch(() => connection.abort(new Error('shut down')))
        signal.addEventListener('abort', close, { once: true })
        connection.addEventListener('close', () => signal.removeEventListener('abort', close))
      }
    }
    return transport
  }
}

/** Whether a transport still has the method that leaks. */
export function shutsDown<T extends object>(transport: T): transport is T & ShutsDown {
  return (
    'shutdownController' in transport &&
    transport.shutdownController instanceof AbortController &&
    '_closeOnShutdown' in transport &&
    typeof transport._closeOnShutdown === 'function'
  )
}
