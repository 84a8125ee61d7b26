import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Logger, silentLogger } from '../../shared/logger.ts'
import { ListenError } from './errors.ts'
import type { HttpApp } from './http-app.ts'
import type { TlsIdentity } from './tls-identity.ts'
import { webRequest } from './web-request.ts'
import { writeResponse } from './write-response.ts'

export interface ServeLimits {
  /** Time to send a request's headers, milliseconds: ends a slow-header attack. */
  headersTimeoutMs: number
  /** Time to send a whole request, milliseconds; an answer may take as long as it likes. */
  requestTimeoutMs: number
  /** Time that an idle connection is kept for another request, milliseconds. */
  keepAliveTimeoutMs: number
  /** Open connections; more are closed as they come. */
  connections: number
}

export const DEFAULT_SERVE_LIMITS: ServeLimits = {
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 120_000,
  keepAliveTimeoutMs: 60_000,
  connections: 1024,
}

/** How long close() waits for answers under way before it cuts them off, milliseconds. */
export const CLOSE_GRACE_MS = 2000

/** How long the rest of a request that was answered early is still taken, milliseconds. */
const LINGER_MS = 1000

export interface ServeOptions {
  host: string
  /** 0 takes a free one. */
  port: number
  tls?: TlsIdentity
  /** Takes over a socket that asked for an upgrade at UPGRADE_PATH; any other upgrade is refused. */
  onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  limits?: Partial<ServeLimits>
  logger?: Logger
}

/** Where the WebSocket of the mesh is served. */
export const UPGRADE_PATH = '/p2p'

export interface HttpServer {
  /** Origin for a browser on this machine, for example `http://127.0.0.1:8420`. */
  readonly url: string
  readonly port: number
  /** Takes no more requests, ends idle connections and event streams at once, the rest within CLOSE_GRACE_MS. */
  close(): Promise<void>
}

/** Serves the app. Throws `conflict` when the port cannot be had. */
export async function serveHttp(app: HttpApp, options: ServeOptions): Promise<HttpServer> {
  const { host, tls, onUpgrade, logger = silentLogger } = options
  const limits = { ...DEFAULT_SERVE_LIMITS, ...options.limits }
  const serverOptions: ServerOptions = {
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.min(limits.headersTimeoutMs, 5000),
  }
  const answers: OpenAnswers = new Map()
  const onRequest = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    answers.set(outgoing, 'pending')
    outgoing.once('close', () => answers.delete(outgoing))
    answer(app, incoming, outgoing, answers).catch((error: unknown) => {
      logger('warning', 'an answer failed', { path: incoming.url, error: String(error) })
      cutOff(outgoing)
    })
  }
  const server =
    tls === undefined
      ? createServer(serverOptions, onRequest)
      : createTlsServer({ ...serverOptions, cert: tls.cert, key: tls.key }, onRequest)
  server.maxConnections = limits.connections
  const upgraded = upgrades(server, onUpgrade)

  await listen(server, options, logger)
  const bound = addressOf(server)
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${urlHost(host)}:${bound.port}`,
    port: bound.port,
    close: () => close(server, answers, upgraded),
  }
}

/** Answers under way. An event stream has no end of its own, so closing ends it. */
type OpenAnswers = Map<ServerResponse, 'pending' | 'event stream'>

async function answer(
  app: HttpApp,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  answers: OpenAnswers,
): Promise<void> {
  const request = webRequestOrNone(incoming)
  if (request === undefined) outgoing.writeHead(400).end()
  else {
    const peer = { address: incoming.socket.remoteAddress ?? '', encrypted: 'encrypted' in incoming.socket }
    const response = await app(request, peer)
    if (isEventStream(response)) answers.set(outgoing, 'event stream')
    await writeResponse(response, outgoing)
  }
  if (!incoming.readableEnded) discardRest(incoming)
}

/** None for what parses as HTTP and is no request that the web's Request can hold. */
function webRequestOrNone(incoming: IncomingMessage): Request | undefined {
  try {
    return webRequest(incoming)
  } catch {
    return undefined
  }
}

/** The app or its stream failed: the client must not take what it got for the whole answer. */
function cutOff(outgoing: ServerResponse): void {
  if (outgoing.headersSent) outgoing.destroy()
  else outgoing.writeHead(500).end()
}

function isEventStream(response: Response): boolean {
  return response.headers.get('content-type')?.startsWith('text/event-stream') === true
}

/**
 * The answer came before the request was read: what still comes is thrown away for a moment, as a connection
 * closed at once may lose the answer on its way (RFC 9112 9.6), and then the connection is ended.
 */
function discardRest(incoming: IncomingMessage): void {
  incoming.removeAllListeners('data')
  incoming.resume()
  if (incoming.complete) return
  const end = setTimeout(() => incoming.socket.destroy(), LINGER_MS)
  incoming.once('close', () => clearTimeout(end))
}

function upgrades(server: Server, onUpgrade: ServeOptions['onUpgrade']): Set<Duplex> {
  const sockets = new Set<Duplex>()
  server.on('upgrade', (request, socket, head) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    if (onUpgrade !== undefined && request.url?.split('?')[0] === UPGRADE_PATH)
      return onUpgrade(request, socket, head)
    socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
  })
  return sockets
}

function listen(server: Server, { host, port }: ServeOptions, logger: Logger): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', error => reject(new ListenError(host, port, error)))
    server.listen({ host, port }, () => {
      server.removeAllListeners('error')
      // Accepting one connection failed, for example for want of file descriptors; the server goes on.
      server.on('error', error =>
        logger('warning', 'a connection was not accepted', { error: error.message }),
      )
      resolve()
    })
  })
}

function addressOf(server: Server): AddressInfo {
  const address = server.address()
  if (address === null || typeof address === 'string')
    throw new TypeError('a listening TCP server has an address')
  return address
}

/** A server that listens everywhere is reached on this machine by loopback. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}

async function close(server: Server, answers: OpenAnswers, upgraded: ReadonlySet<Duplex>): Promise<void> {
  const closed = new Promise<void>(resolve => server.close(() => resolve()))
  for (const [answer, kind] of answers) {
    // Node ends the connections that are idle now; one that becomes so later would stay for the client to close.
    answer.once('close', () => setImmediate(() => server.closeIdleConnections()))
    if (kind === 'event stream') answer.end()
  }
  const cutting = setTimeout(() => {
    server.closeAllConnections()
    for (const socket of upgraded) socket.destroy()
  }, CLOSE_GRACE_MS)
  await closed
  clearTimeout(cutting)
}
