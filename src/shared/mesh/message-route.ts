import { makerOf } from './message-id.ts'
import type { RpcMessage } from './rpc-message.ts'

/** Our SDK party that a message of the peer is for. */
export type Party = 'client' | 'server'

/** Requests that a server makes of a client (MCP 2025-11-25), for peers that do not mark their ids. */
const REQUESTS_TO_CLIENT = ['sampling/', 'elicitation/', 'roots/']

const NOTIFICATIONS_TO_SERVER = new Set(['notifications/initialized', 'notifications/roots/list_changed'])

/** The peer's client asks our server and the other way round; by the id's mark, else by the method. */
export function routeRequest(message: RpcMessage): Party {
  const maker = makerOf(message.id)
  if (maker === 'c') return 'server'
  if (maker === 's') return 'client'
  return REQUESTS_TO_CLIENT.some(prefix => message.method?.startsWith(prefix)) ? 'client' : 'server'
}

/** For notifications that name no request; `cancelled` and `progress` go by their id. */
export function routeNotification(method: string): Party {
  return NOTIFICATIONS_TO_SERVER.has(method) ? 'server' : 'client'
}
