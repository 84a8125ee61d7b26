import { MethodNotAllowedError } from './errors.ts'

/** The answer to a browser's question before a cross-origin request: yes for an allowed origin, else 405. */
export function preflight(request: Request, origins: readonly string[]): Response {
  if (!isAllowed(request, origins))
    throw new MethodNotAllowedError('OPTIONS', ['GET', 'HEAD', 'POST', 'DELETE'])
  return new Response(null, {
    status: 204,
    headers: {
      'access-control-allow-methods': 'GET, POST, DELETE',
      'access-control-allow-headers':
        'authorization, content-type, mcp-session-id, mcp-protocol-version, last-event-id',
      'access-control-max-age': '600',
    },
  })
}

/** Lets a page of an allowed origin read the answer; the answer itself when the origin is absent or our own. */
export function allowedOriginHeaders(
  response: Response,
  request: Request,
  origins: readonly string[],
): Response {
  if (!isAllowed(request, origins)) return response
  const headers = new Headers(response.headers)
  headers.set('access-control-allow-origin', request.headers.get('origin') ?? '')
  headers.set('access-control-expose-headers', 'mcp-session-id, www-authenticate, retry-after')
  headers.append('vary', 'origin')
  return new Response(response.body, { status: response.status, headers })
}

function isAllowed(request: Request, origins: readonly string[]): boolean {
  const origin = request.headers.get('origin')
  return origin !== null && origins.includes(origin)
}
