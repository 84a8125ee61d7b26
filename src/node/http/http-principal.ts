import { ForbiddenError, UnauthenticatedError } from '../../shared/authority/errors.ts'
import type { Principal, Role } from '../../shared/authority/principal.ts'
import { checkHost, type HttpPeer, isLoopback, LOOPBACK_HOSTS } from './request-origin.ts'

/** Who sent this request. Host and Origin were checked before. Throws `unauthenticated` or `forbidden`. */
export type HttpPrincipal = (request: Request, peer: HttpPeer) => Principal

/** Whoever is on this machine, where that is enough. */
export const LOCAL: Principal = { id: 'local', roles: new Set<Role>(['admin']) }

/**
 * `auth.mode=local`: whoever is on this machine is admin, and nobody else is anything. `listenHost` is the
 * address that the server listens on. A proxy on this machine would make the whole network look local, so a
 * request that says it was forwarded is refused.
 */
export function localPrincipal(listenHost: string): HttpPrincipal {
  const listensOnLoopback = listenHost === 'localhost' || isLoopback(listenHost)
  return (request, peer) => {
    if (!listensOnLoopback) throw refused(`the server listens on ${listenHost}, which is not loopback`)
    if (!isLoopback(peer.address))
      throw refused(`the request came from ${peer.address}, which is not loopback`)
    checkHost(request, LOOPBACK_HOSTS)
    const forwarded = [...request.headers.keys()].find(
      name => name === 'forwarded' || name.startsWith('x-forwarded-'),
    )
    if (forwarded !== undefined) throw refused(`the request was forwarded (it has the header ${forwarded})`)
    return LOCAL
  }
}

function refused(why: string): ForbiddenError {
  return new ForbiddenError(`auth.mode local serves only this machine: ${why}`, 'auth.mode token')
}

const BEARER = /^Bearer +([\w~+/.-]+=*)$/i

/** `auth.mode=token`: whoever holds a bearer token is what the token says. */
export function bearerPrincipal(authority: {
  principalOfBearer(token: string): Principal | undefined
}): HttpPrincipal {
  return request => {
    const header = request.headers.get('authorization')
    if (header === null) throw new UnauthenticatedError()
    const token = BEARER.exec(header)?.[1]
    const principal = token === undefined ? undefined : authority.principalOfBearer(token)
    if (principal === undefined)
      throw new UnauthenticatedError('this bearer token is unknown, expired or revoked')
    return principal
  }
}
