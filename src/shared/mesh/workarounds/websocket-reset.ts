/**
 * A WebSocket connection that is aborted calls `close(1006)`, a code that no caller may give: the WebSocket throws, that is
 * only logged, and the socket stays open for as long as the other side likes. This ends it. It can go when the first case of
 * websocket-reset.test.ts fails.
 */
import type { MultiaddrConnection, Upgrader } from '@libp2p/interface'
import type { TransportFactory } from './transport-factory.ts'

/** What a connection over WebSocket is made of beside its contract (@libp2p/websockets 10.1). */
interface WebSocketConnection {
  websocket: { close(): void; terminate?: () => void }
  sendReset: () => void
}

export function withWorkingResets(factory: TransportFactory): TransportFactory {
  return components => {
    const transport = factory(components)
    const dial = transport.dial.bind(transport)
    const createListener = transport.createListener.bind(transport)
    transport.dial = (address, options) => dial(address, { ...options, upgrader: mending(options.upgrader) })
    transport.createListener = options => createListener({ ...options, upgrader: mending(options.upgrader) })
    return transport
  }
}

/** The upgrader, which sees each connection first. */
function mending(upgrader: Upgrader): Upgrader {
  const own: Upgrader = Object.create(upgrader)
  own.upgradeOutbound = (connection, options) => upgrader.upgradeOutbound(mended(connection), options)
  own.upgradeInbound = (connection, options) => upgrader.upgradeInbound(mended(connection), options)
  return own
}

function mended(connection: MultiaddrConnection): MultiaddrConnection {
  if (!isWebSocket(connection)) return connection
  const { websocket } = connection
  connection.sendReset = () => {
    if (websocket.terminate === undefined) websocket.close()
    else websocket.terminate()
  }
  return connection
}

function isWebSocket<T extends object>(connection: T): connection is T & WebSocketConnection {
  return 'websocket' in connection && 'sendReset' in connection
}
