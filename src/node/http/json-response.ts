import { ERROR_TABLE, factsOf, ToolmeshError } from '../../shared/errors.ts'
import { MethodNotAllowedError } from './errors.ts'

/** On everything that is not a page: no sniffing, nothing kept by caches. */
const API_HEADERS = {
  'content-type': 'application/json',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
}

/** A JSON answer. */
export function jsonResponse(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { ...API_HEADERS, ...headers } })
}

/** An error as HTTP: its facts as JSON, its code's status, and the header that the status asks for. */
export function errorResponse(error: unknown): Response {
  const facts = factsOf(error)
  if (error instanceof MethodNotAllowedError)
    return jsonResponse(facts, 405, { allow: error.allow.join(', ') })
  const status = error instanceof ToolmeshError ? ERROR_TABLE[error.code].http : 500
  if (status === 401) return jsonResponse(facts, status, { 'www-authenticate': 'Bearer realm="toolmesh"' })
  if (facts.retry_after_ms !== undefined) {
    return jsonResponse(facts, status, { 'retry-after': String(Math.ceil(facts.retry_after_ms / 1000)) })
  }
  return jsonResponse(facts, status)
}
