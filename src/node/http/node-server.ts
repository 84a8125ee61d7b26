import { isIP, isIPv4 } from 'node:net'
import type { Authority } from '../../shared/authority/authority.ts'
import type { Clock } from '../../shared/clock.ts'
import type { Logger } from '../../shared/logger.ts'
import type { Surface } from '../../shared/mcp/surface.ts'
import type { Config } from '../config.ts'
import { httpWebSocketAddress } from '../transports/http-websocket.ts'
import { createHttpApp, type NodeInfo } from './http-app.ts'
import { createMcpHttp } from './mcp-http.ts'
import { ownHosts } from './own-hosts.ts'
import { selfSignedTls } from './self-signed.ts'
import { type ServeOptions, serveHttp, UPGRADE_PATH } from './serve-http.ts'
import { staticFiles } from './static-files.ts'
import { tlsFromFiles } from './tls-files.ts'
import type { TlsIdentity } from './tls-identity.ts'

const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::', '[::]'])

export interface NodeServerInit {
  config: Config
  surface: Surface
  authority: Authority
  info: () => NodeInfo
  notReady: () => readonly string[]
  /** The built web side. */
  webRoot: string
  onUpgrade?: NonNullable<ServeOptions['onUpgrade']>
  clock: Clock
  logger: Logger
}

export interface NodeServer {
  /** As this machine's browser reaches it. */
  readonly url: string
  /** As others reach it, for links: an address of the network where it listens on all of them. */
  readonly origin: string
  readonly port: number
  /** Multiaddrs at which the mesh's WebSocket is served. */
  readonly addresses: string[]
  close(): Promise<void>
}

/** The HTTP side of a node, as its settings want it: /mcp, dashboard, join page, health, credentials. */
export async function serveNode(init: NodeServerInit): Promise<NodeServer> {
  const { config, surface, authority, info, notReady, webRoot, onUpgrade, clock, logger } = init
  const { http, limits } = config
  const everywhere = WILDCARDS.has(http.host)
  const hosts = everywhere ? ownHosts() : [http.host]
  const mcp = createMcpHttp({
    surface,
    clock,
    logger,
    limits: {
      sessions: limits.httpSessions,
      idleMs: limits.httpSessionIdle,
      bodyBytes: limits.httpBody,
    },
  })
  const stopListening = authority.onTokenEnded(id => void mcp.endSessionsOf(id))
  const app = createHttpApp({
    mcp: (request, principal) => mcp.handle(request, principal),
    authority,
    mode: config.auth.mode,
    listenHost: http.host,
    hosts,
    origins: http.origins,
    info,
    notReady,
    files: staticFiles(webRoot),
    logger,
    limits: { mcpBodyBytes: limits.httpBody },
  })
  const tls = await tlsOf(config, hosts, clock)
  const server = await serveHttp(app, {
    host: http.host,
    port: http.port,
    logger,
    ...(tls === undefined ? {} : { tls }),
    ...(onUpgrade === undefined ? {} : { onUpgrade }),
  })
  const lanAddress = everywhere ? hosts.find(host => isIPv4(host)) : undefined
  const scheme = tls === undefined ? 'http' : 'https'
  return {
    url: server.url,
    origin: lanAddress === undefined ? server.url : `${scheme}://${lanAddress}:${server.port}`,
    port: server.port,
    addresses:
      onUpgrade === undefined
        ? []
        : hosts
            .filter(host => isIP(host) !== 0)
            .map(host =>
              httpWebSocketAddress({ host, port: server.port, tls: tls !== undefined, path: UPGRADE_PATH }),
            ),
    async close() {
      stopListening()
      await Promise.all([mcp.close(), server.close()])
    },
  }
}

async function tlsOf(
  { http, dataDir }: Config,
  hosts: readonly string[],
  clock: Clock,
): Promise<TlsIdentity | undefined> {
  if (http.tls === 'off') return undefined
  if (http.tls === 'files') return tlsFromFiles(http.tlsCert, http.tlsKey)
  return selfSignedTls({ dataDir, hosts, clock })
}
