/**
 * The WebSocket transport's own listener bounds nothing before libp2p sees a connection: a socket that says nothing, or an
 * HTTP request that never ends, stays for good, one message may have 100 MiB, and nobody listens for the errors of a
 * WebSocket, so that one malformed frame of a stranger ends the process. This gives a socket a limited time to become a
 * WebSocket, bounds how many are on the way there, and the messages, and takes the errors. It can go when the cases of
 * websocket-listener.test.ts hold without it.
 */
import type { Listener } from '@libp2p/interface'
import { PendingByRange } from '../limits/pending-by-range.ts'
import type { TransportFactory } from './transport-factory.ts'

/** Milliseconds that a socket has to become a WebSocket. */
export const UPGRADE_MS = 10_000
/** Largest message: the secure channel's have at most 64 KiB. Bytes. */
const MESSAGE_BYTES = 1024 * 1024
/** Sockets of one listener. */
const SOCKETS = 2048

interface IncomingSocket {
  remoteAddress?: string
  remotePort?: number
  destroy(): void
  once(event: 'close', listener: () => void): void
}

interface ErrorSource {
  on(event: 'error', listener: () => void): void
}

/** The listener of @libp2p/websockets (10.1) in Node. */
interface WebSocketListener {
  server: {
    maxConnections: number
    prependListener(event: 'connection', listener: (socket: IncomingSocket) => void): void
  }
  wsServer: { options: { maxPayload: number } }
  onWsServerConnection(websocket: ErrorSource, request: { socket: IncomingSocket }): void
}

export function withBoundedListener(factory: TransportFactory, upgradeMs = UPGRADE_MS): TransportFactory {
  return components => {
    const transport = factory(components)
    const createListener = transport.createListener.bind(transport)
    transport.createListener = options => {
      const listener = createListener(options)
      if (isWebSocketListener(listener)) bound(listener, upgradeMs)
      return listener
    }
    return transport
  }
}

function bound(listener: WebSocketListener, upgradeMs: number): void {
  const pending = new PendingByRange()
  const underWay = new Map<string, () => void>()
  listener.server.maxConnections = SOCKETS
  listener.wsServer.options.maxPayload = MESSAGE_BYTES
  listener.server.prependListener('connection', socket => {
    const leave = pending.enter(socket.remoteAddress ?? '')
    if (leave === undefined) {
      socket.destroy()
      return
    }
    const key = keyOf(socket)
    const timer = setTimeout(() => socket.destroy(), upgradeMs)
    const done = () => {
      clearTimeout(timer)
      underWay.delete(key)
      leave()
    }
    underWay.set(key, done)
    socket.once('close', done)
  })
  const onConnection = listener.onWsServerConnection.bind(listener)
  listener.onWsServerConnection = (websocket, request) => {
    underWay.get(keyOf(request.socket))?.()
    // It closes by itself then.
    websocket.on('error', () => {})
    onConnection(websocket, request)
  }
}

/** The same for a socket and for the TLS socket around it. */
function keyOf({ remoteAddress, remotePort }: IncomingSocket): string {
  return `${remoteAddress} ${remotePort}`
}

/** Whether a listener still has what is bounded here. */
export function isWebSocketListener<L extends Listener>(listener: L): listener is L & WebSocketListener {
  return (
    'server' in listener &&
    'wsServer' in listener &&
    'onWsServerConnection' in listener &&
    typeof listener.onWsServerConnection === 'function'
  )
}
