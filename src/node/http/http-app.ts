import { z } from 'zod'
import type { Authority } from '../../shared/authority/authority.ts'
import type { Principal } from '../../shared/authority/principal.ts'
import { InvalidInputError } from '../../shared/errors.ts'
import type { Logger } from '../../shared/logger.ts'
import type { SignedAnnouncement } from '../../shared/mesh/peers/announcement.ts'
import { boundedRequest } from './bounded-body.ts'
import { allowedOriginHeaders, preflight } from './cors.ts'
import { MethodNotAllowedError, PathNotFoundError } from './errors.ts'
import { bearerPrincipal, type HttpPrincipal, localPrincipal } from './http-principal.ts'
import { errorResponse, jsonResponse } from './json-response.ts'
import { PAGE_SECURITY_HEADERS } from './page-security.ts'
import { checkHost, checkOrigin, type HttpPeer, LOOPBACK_HOSTS } from './request-origin.ts'
import type { StaticFile, StaticFiles } from './static-files.ts'

/** The whole HTTP surface; the server that carries it says which socket a request came on. */
export type HttpApp = (request: Request, peer: HttpPeer) => Promise<Response>

/** What `/.well-known/toolmesh.json` tells. */
export interface NodeInfo {
  peerId: string
  multiaddrs: string[]
  name: string
  version: string
  /** Of the mesh; peers of another one are ignored. */
  namespace: string
  /** The same and more, signed by the node. */
  announcement?: SignedAnnouncement | undefined
}

export interface HttpLimits {
  /** A body sent to /mcp, bytes: as large as the largest frame of a session. */
  mcpBodyBytes: number
  /** A body sent to /auth/redeem, bytes: it holds one short secret. */
  authBodyBytes: number
}

export const DEFAULT_HTTP_LIMITS: HttpLimits = { mcpBodyBytes: 16 * 1024 * 1024, authBodyBytes: 4096 }

export interface HttpAppParts {
  /** Serves /mcp for the caller; may throw errors with a code. */
  mcp: (request: Request, principal: Principal) => Promise<Response>
  authority: Pick<Authority, 'principalOfBearer' | 'redeemToken'>
  mode: 'local' | 'token'
  /** The address that the server listens on. */
  listenHost: string
  /** Names and addresses, besides the loopback ones, that a Host header may have in token mode, without port. */
  hosts: readonly string[]
  /** Further origins whose pages may call this server, that of a proxy before it among them. */
  origins: readonly string[]
  info: () => NodeInfo
  /** Why the node is not ready; empty when it is. */
  notReady: () => readonly string[]
  files: StaticFiles
  logger: Logger
  limits?: Partial<HttpLimits>
}

interface Route {
  methods: readonly string[]
  serve(request: Request, peer: HttpPeer): Promise<Response> | Response
}

const READ = ['GET', 'HEAD'] as const

/** Builds the HTTP surface: routes, and before them the checks of Host, Origin and credential. */
export function createHttpApp(parts: HttpAppParts): HttpApp {
  const { mcp, authority, mode, listenHost, info, notReady, files, logger } = parts
  const limits = { ...DEFAULT_HTTP_LIMITS, ...parts.limits }
  const origins = parts.origins.map(origin => new URL(origin).origin)
  const hosts = mode === 'local' ? LOOPBACK_HOSTS : allowedHosts(parts.hosts, origins)
  const principalOf: HttpPrincipal =
    mode === 'local' ? localPrincipal(listenHost) : bearerPrincipal(authority)

  /** Answered to whoever can reach the port, by any name: what a load balancer or an orchestrator probes. */
  const probes: Record<string, Route> = {
    '/healthz': { methods: READ, serve: () => jsonResponse({ status: 'ok' }) },
    '/readyz': { methods: READ, serve: () => readiness(notReady()) },
  }
  const routes: Record<string, Route> = {
    '/mcp': {
      methods: ['POST', 'GET', 'DELETE'],
      serve: async (request, peer) => {
        const principal = principalOf(request, peer)
        return mcp(await boundedRequest(request, limits.mcpBodyBytes), principal)
      },
    },
    '/.well-known/toolmesh.json': { methods: READ, serve: () => jsonResponse(info()) },
    '/auth/redeem': {
      methods: ['POST'],
      serve: async (request, peer) => {
        const { secret } = await redeemRequest(await boundedRequest(request, limits.authBodyBytes))
        const { token, roles, expires_at } = await authority.redeemToken(secret, peer.address)
        return jsonResponse({ token, roles, expires_at })
      },
    },
  }

  async function route(request: Request, peer: HttpPeer): Promise<Response> {
    const path = pathOf(request)
    const probe = probes[path]
    if (probe !== undefined) return serveRoute(probe, request, peer)
    checkHost(request, hosts)
    checkOrigin(request, peer, origins)
    if (request.method === 'OPTIONS') return preflight(request, origins)
    const found = routes[path]
    return found === undefined ? serveFile(request, path, files) : serveRoute(found, request, peer)
  }

  return async (request, peer) => {
    try {
      return allowedOriginHeaders(await route(request, peer), request, origins)
    } catch (error) {
      const response = errorResponse(error)
      if (response.status === 500)
        logger('error', 'a request failed', { path: pathOf(request), error: String(error) })
      return allowedOriginHeaders(response, request, origins)
    }
  }
}

/** A proxy passes on the Host of its own, allowed origin. */
function allowedHosts(hosts: readonly string[], origins: readonly string[]): readonly string[] {
  return [...LOOPBACK_HOSTS, ...hosts.map(hostName), ...origins.map(origin => new URL(origin).hostname)]
}

/** As it stands in a Host header: an IPv6 address in brackets (RFC 3986 3.2.2). */
function hostName(host: string): string {
  return (host.includes(':') ? `[${host}]` : host).toLowerCase()
}

function pathOf(request: Request): string {
  return new URL(request.url).pathname
}

async function serveRoute(route: Route, request: Request, peer: HttpPeer): Promise<Response> {
  if (!route.methods.includes(request.method)) throw new MethodNotAllowedError(request.method, route.methods)
  return route.serve(request, peer)
}

function readiness(reasons: readonly string[]): Response {
  return reasons.length === 0
    ? jsonResponse({ status: 'ready' })
    : jsonResponse({ status: 'not_ready', reasons }, 503)
}

const redeemBody = z.object({ secret: z.string().min(1).max(128) })

async function redeemRequest(request: Request): Promise<z.infer<typeof redeemBody>> {
  const body: unknown = await request.json().catch(() => undefined)
  const parsed = redeemBody.safeParse(body)
  if (!parsed.success) throw new InvalidInputError('body', typeof body, '{"secret": "<invite secret>"}')
  return parsed.data
}

async function serveFile(request: Request, path: string, files: StaticFiles): Promise<Response> {
  const file = await files(path)
  if (file === undefined) throw new PathNotFoundError(path)
  if (request.method !== 'GET' && request.method !== 'HEAD')
    throw new MethodNotAllowedError(request.method, READ)
  const headers = fileHeaders(file)
  if (request.headers.get('if-none-match') === file.etag) return new Response(null, { status: 304, headers })
  return new Response(file.body, { headers })
}

function fileHeaders(file: StaticFile): Record<string, string> {
  return {
    'content-type': file.contentType,
    'content-length': String(file.body.byteLength),
    etag: file.etag,
    'cache-control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    ...PAGE_SECURITY_HEADERS,
  }
}
