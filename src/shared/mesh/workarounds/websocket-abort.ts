/**
 * A WebSocket dial that is aborted before the socket is open leaves that socket behind: it goes on connecting, and stays
 * open for as long as the other side likes. A browser opens one at a time to each host (RFC 6455, 4.1), so that later dials
 * wait behind it. This closes it. It can go when the first case of websocket-abort.test.ts fails.
 */
import type { Multiaddr } from '@multiformats/multiaddr'
import { multiaddrToUri } from '@multiformats/multiaddr-to-uri'
import type { TransportFactory } from './transport-factory.ts'

interface ConnectOptions {
  signal?: AbortSignal
  onProgress?: (event: { type: string }) => void
}

/** What the WebSocket transport is made of beside its contract (@libp2p/websockets 10.1). */
interface OpensWebSockets {
  _connect(address: Multiaddr, options: ConnectOptions): Promise<WebSocket>
}

export function withClosedAborts(factory: TransportFactory): TransportFactory {
  return components => {
    const transport = factory(components)
    if (opensWebSockets(transport)) transport._connect = openWebSocket
    return transport
  }
}

async function openWebSocket(address: Multiaddr, { signal }: ConnectOptions): Promise<WebSocket> {
  signal?.throwIfAborted()
  const websocket = new WebSocket(multiaddrToUri(address))
  websocket.binaryType = 'arraybuffer'
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const abort = () => reject(signal?.reason)
  signal?.addEventListener('abort', abort, { once: true })
  websocket.addEventListener('open', () => resolve(), { once: true })
  websocket.addEventListener('error', event => reject(event), { once: true })
  websocket.addEventListener('close', event => reject(event), { once: true })
  try {
    await promise
    return websocket
  } catch (error) {
    websocket.close()
    throw error
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

/** Whether a transport still has the method that leaves sockets behind. */
export function opensWebSockets<T extends object>(transport: T): transport is T & OpensWebSockets {
  return '_connect' in transport && typeof transport._connect === 'function'
}
