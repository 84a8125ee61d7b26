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
  _connect(address: Multiaddr, options: ConnectOptions): Promise<ClientWebSocket>
}

/** What is asked of a WebSocket until it is open; the transport uses the rest of the web's own. */
export interface ClientWebSocket {
  binaryType: 'blob' | 'arraybuffer' | 'nodebuffer' | 'fragments'
  addEventListener(
    type: 'open' | 'error' | 'close',
    listener: (event: unknown) => void,
    options: { once: boolean },
  ): void
  close(): void
}

/** @param make gives a WebSocket that connects to an address; the platform's own by default */
export function withClosedAborts(
  factory: TransportFactory,
  make: (url: string) => ClientWebSocket = url => new WebSocket(url),
): TransportFactory {
  return components => {
    const transport = factory(components)
    if (opensWebSockets(transport))
      transport._connect = (address, options) => opened(() => make(multiaddrToUri(address)), options)
    return transport
  }
}

async function opened(make: () => ClientWebSocket, { signal }: ConnectOptions): Promise<ClientWebSocket> {
  signal?.throwIfAborted()
  const websocket = make()
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
