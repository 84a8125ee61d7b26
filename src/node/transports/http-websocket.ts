/**
 * libp2p over WebSockets that come in at a path of the HTTP server: one port and one certificate for the
 * dashboard, MCP and the mesh.
 */
import type { IncomingMessage } from 'node:http'
import { isIPv6 } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Transport, Upgrader } from '@libp2p/interface'
import { transportSymbol } from '@libp2p/interface'
import { ipPortToMultiaddr } from '@libp2p/utils'
import { WebSocketServer } from 'ws'
import type { TransportFactory } from '../../shared/mesh/workarounds/transport-factory.ts'
import { WebSocketConnection } from './websocket-connection.ts'

/** Largest WebSocket message accepted: the secure channel's messages have at most 64 KiB. */
const MESSAGE_BYTES = 1024 * 1024

export interface HttpWebSocket {
  /** One more transport for the host; it neither dials nor listens by itself. */
  readonly transport: TransportFactory
  /** Takes over a socket that the HTTP server was asked to upgrade. Before the host has started: refused. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  close(): void
}

export interface HttpOrigin {
  /** Host name or IP address, as peers reach it. */
  host: string
  port: number
  tls: boolean
  /** Path of the upgrade, for example `/p2p`. */
  path: string
}

/** The address at which peers dial it. */
export function httpWebSocketAddress({ host, port, tls, path }: HttpOrigin): string {
  const kind = isIPv6(host) ? 'ip6' : /^[\d.]+$/.test(host) ? 'ip4' : 'dns'
  return `/${kind}/${host}/tcp/${port}${tls ? '/tls' : ''}/ws/http-path/${encodeURIComponent(path.slice(1))}`
}

export function httpWebSocket(): HttpWebSocket {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MESSAGE_BYTES })
  const shutdown = new AbortController()
  let components: Parameters<TransportFactory>[0] | undefined
  return {
    transport(given) {
      components = given
      return new InboundOnly()
    },
    upgrade(request, socket, head) {
      if (components === undefined || shutdown.signal.aborted) {
        socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
        return
      }
      const { upgrader, logger } = components
      sockets.handleUpgrade(request, socket, head, websocket => {
        const { remoteAddress = '0.0.0.0', remotePort = 0 } = request.socket
        const connection = new WebSocketConnection(websocket, {
          // A link-local address of IPv6 comes with its zone, which a multiaddr cannot have there.
          remoteAddr: ipPortToMultiaddr(remoteAddress.replace(/%.*$/, ''), remotePort).encapsulate('/ws'),
          direction: 'inbound',
          log: logger.forComponent('toolmesh:http-websocket'),
        })
        accept(upgrader, connection, shutdown.signal)
      })
    },
    close() {
      shutdown.abort()
      sockets.close()
      for (const websocket of sockets.clients) websocket.terminate()
    },
  }
}

function accept(upgrader: Upgrader, connection: WebSocketConnection, signal: AbortSignal): void {
  upgrader.upgradeInbound(connection, { signal }).catch((error: unknown) => {
    connection.abort(error instanceof Error ? error : new Error(String(error)))
  })
}

/** What libp2p asks of a transport, for connections that come from elsewhere. */
class InboundOnly implements Transport {
  readonly [transportSymbol] = true
  readonly [Symbol.toStringTag] = 'toolmesh/http-websocket'

  dial(): Promise<never> {
    return Promise.reject(new Error('this transport does not dial'))
  }

  createListener(): never {
    throw new Error('this transport does not listen')
  }

  listenFilter(): [] {
    return []
  }

  dialFilter(): [] {
    return []
  }
}
