import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { ErrorCode, type RequestId } from '@modelcontextprotocol/sdk/types.js'
import { CfWorkerJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/cfworker'
import { UnauthenticatedError } from '../../authority/errors.ts'
import type { Principal } from '../../authority/principal.ts'
import { requireRole, roleOf } from '../../authority/roles.ts'
import type { Logger } from '../../logger.ts'
import type { Surface } from '../surface.ts'
import { elicitation } from './elicitation.ts'
import type { Method } from './method.ts'
import { RpcError, rpcErrorOf } from './rpc-error.ts'
import { Subscriptions } from './subscriptions.ts'
import { surfaceMethods } from './surface-methods.ts'

export interface ServeSurfaceInit {
  transport: Transport
  /** Asked anew for each request (undefined: before an update is told), so that what was revoked stops at once. */
  principal(request?: RpcCall): Principal | undefined
  logger: Logger
  /** Adds JSON-RPC methods to MCP's own, or puts others in their place. */
  extend?(base: Readonly<Record<string, Method>>): Record<string, Method>
  /** The client has said that it is initialized. */
  onInitialized?(): void
  /** Most subscriptions of the session, {@link MAX_SUBSCRIPTIONS} unless given. */
  maxSubscriptions?: number
  /** A request was cancelled by the client; MCP then sends no answer to it. */
  onCancelled?(id: RequestId): void
}

export interface RpcCall {
  method: string
  params?: unknown
}

export interface ServedSurface {
  /** Resolves when the session has ended; never rejects. */
  readonly closed: Promise<void>
  /** Resolves when no request is being answered. */
  idle(): Promise<void>
  /** Sends the client a notification of a method of our own; resolves when it was written. */
  notify(method: string, params: Record<string, unknown>): Promise<void>
  close(): Promise<void>
}

/**
 * Serves a surface to one MCP client over a transport, by the SDK's Server. Each request's role is checked
 * against the one table. Params are parsed once, here, by schemas no larger than what is read of them.
 */
export async function serveSurface(surface: Surface, init: ServeSurfaceInit): Promise<ServedSurface> {
  const { transport, principal, onCancelled, logger } = init
  const server = new Server(
    { name: surface.name, version: surface.version },
    {
      capabilities: { tools: {}, resources: { subscribe: true }, logging: {} },
      instructions: surface.instructions,
      // The SDK's default compiles schemas by eval, which a page's CSP forbids.
      jsonSchemaValidator: new CfWorkerJsonSchemaValidator(),
    },
  )
  const subscriptions = new Subscriptions(init.maxSubscriptions)
  const base = surfaceMethods({
    surface,
    subscriptions,
    principal,
    elicit: elicitation(server, logger),
    logger,
    notifyUpdated(uri) {
      server.sendResourceUpdated({ uri }).catch(error => {
        logger('debug', 'an update was not sent', { uri, error: String(error) })
      })
    },
  })
  const methods = init.extend?.(base) ?? base

  let answering = 0
  const onIdle: (() => void)[] = []
  // The SDK's own handler keeps levels that only its own sender of logs reads.
  server.removeRequestHandler('logging/setLevel')
  server.fallbackRequestHandler = async (request, extra) => {
    const method = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined
    const need = roleOf(request.method)
    if (method === undefined || need === undefined) {
      throw new RpcError(ErrorCode.MethodNotFound, `method not found: ${request.method}`)
    }
    answering += 1
    if (onCancelled !== undefined) {
      extra.signal.addEventListener('abort', () => onCancelled(extra.requestId), { once: true })
    }
    try {
      const who = principal(request)
      if (who === undefined && need !== 'any')
        throw new UnauthenticatedError(`${request.method} needs a credential`)
      if (who !== undefined) requireRole(who, need, request.method)
      return { ...(await method(request.params, { principal: who ?? NOBODY, extra })) }
    } catch (error) {
      throw rpcErrorOf(error)
    } finally {
      answering -= 1
      if (answering === 0) for (const resolve of onIdle.splice(0)) resolve()
    }
  }
  server.oninitialized = () => init.onInitialized?.()
  server.onerror = error => logger('debug', 'an MCP session reported an error', { error: error.message })

  const closed = new Promise<void>(resolve => {
    server.onclose = () => {
      subscriptions.clear()
      resolve()
    }
  })
  await server.connect(transport)
  return {
    closed,
    close: () => server.close(),
    notify: (method, params) => server.notification({ method, params }),
    idle: () => (answering === 0 ? Promise.resolve() : new Promise(resolve => onIdle.push(resolve))),
  }
}

/** Stands for a caller that showed no credential, on the methods that need none. */
const NOBODY: Principal = { id: 'nobody', roles: new Set() }
