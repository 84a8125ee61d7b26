import { ForbiddenError } from '../../shared/authority/errors.ts'

/** The socket that a request came on, as the server saw it. */
export interface HttpPeer {
  /** IP address of the other end. */
  address: string
  /** Whether the socket is TLS. */
  encrypted: boolean
}

/** Names by which only a process on this machine reaches the server. */
export const LOOPBACK_HOSTS: readonly string[] = ['localhost', '127.0.0.1', '[::1]']

const HOST = /^(?<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/

/**
 * Refuses a Host that is not one of ours: a page whose name was rebound to this machine's address (DNS
 * rebinding) sends its own name. Any port will do, as port forwarding changes it. Throws `forbidden`.
 */
export function checkHost(request: Request, allowed: readonly string[]): void {
  const host = request.headers.get('host')?.toLowerCase()
  const name = host === undefined ? undefined : HOST.exec(host)?.groups?.name
  if (name !== undefined && allowed.includes(name)) return
  throw new ForbiddenError(
    `the Host header ${JSON.stringify(host ?? null)} does not name this server`,
    allowed.join(', '),
  )
}

/** Refuses a request that another site's page made, unless its origin is allowed. Throws `forbidden`. */
export function checkOrigin(request: Request, peer: HttpPeer, allowed: readonly string[]): void {
  const origin = request.headers.get('origin')
  if (origin === null || origin === ownOrigin(request, peer) || allowed.includes(origin)) return
  throw new ForbiddenError(`the Origin ${JSON.stringify(origin)} is not this server's own`)
}

/** The origin that a page of this server has for whoever sent the request. */
export function ownOrigin(request: Request, peer: HttpPeer): string {
  return `${peer.encrypted ? 'https' : 'http'}://${request.headers.get('host')?.toLowerCase() ?? ''}`
}

/** Whether an IP address is the machine itself (RFC 1122 3.2.1.3, RFC 4291 2.5.3, IPv4-mapped too). */
export function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\.\d+\.\d+\.\d+$/i.test(address)
}
