/**
 * The WebRTC-Direct listener makes a peer connection, with its threads and its keys, for each STUN request that names a
 * user it does not know: a single packet, whose sender may be forged. This bounds how many are being set up at once. It can
 * go when the first case of webrtc-direct-listener.test.ts holds without it.
 */
import type { Listener } from '@libp2p/interface'
import { PendingByRange } from '../limits/pending-by-range.ts'
import type { TransportFactory } from './transport-factory.ts'

/** Peer connections that are being set up at once, and those of one address range: each costs some MiB until it has failed. */
export const PEER_CONNECTIONS_PENDING = 64
export const PEER_CONNECTIONS_PENDING_OF_RANGE = 16

/** The listener of @libp2p/webrtc (6.0) in Node. */
interface DirectListener {
  connections: Map<string, unknown>
  incomingConnection(user: string, host: string, port: number, signal: AbortSignal): Promise<void>
}

export function withBoundedPeerConnections(factory: TransportFactory): TransportFactory {
  return components => {
    const transport = factory(components)
    const createListener = transport.createListener.bind(transport)
    transport.createListener = options => {
      const listener = createListener(options)
      if (isDirectListener(listener)) bound(listener)
      return listener
    }
    return transport
  }
}

function bound(listener: DirectListener): void {
  const pending = new PendingByRange(PEER_CONNECTIONS_PENDING, PEER_CONNECTIONS_PENDING_OF_RANGE)
  const incoming = listener.incomingConnection.bind(listener)
  listener.incomingConnection = async (user, host, port, signal) => {
    // Of a connection that is there already: nothing is made.
    if (listener.connections.has(`${host}:${port}:${user}`)) return
    const leave = pending.enter(host)
    if (leave === undefined) return
    try {
      await incoming(user, host, port, signal)
    } finally {
      leave()
    }
  }
}

/** Whether a listener still has what is bounded here. */
export function isDirectListener<L extends Listener>(listener: L): listener is L & DirectListener {
  return (
    'connections' in listener &&
    listener.connections instanceof Map &&
    'incomingConnection' in listener &&
    typeof listener.incomingConnection === 'function'
  )
}
