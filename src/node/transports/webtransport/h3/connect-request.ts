/** The request by which a WebTransport session begins: an extended CONNECT (RFC 9220, RFC 9114 4.3). */
import { LIBP2P_PATH } from '../../../../shared/mesh/webtransport/address.ts'
import type { Fields } from './qpack.ts'

/** The status to answer with; 200: the session is taken. */
export type Verdict = { status: 200 } | { status: 400 | 403 | 404 | 405 | 501; reason: string }

const PSEUDO = [':method', ':protocol', ':scheme', ':authority', ':path'] as const
/** What a browser shows of a page whose origin it keeps to itself (RFC 6454, 7.1). */
const OPAQUE_ORIGIN = 'null'
const MAX_AUTHORITY = 263
const MAX_ORIGIN = 512

/**
 * Takes only what libp2p asks for: a session at its well-known path. Pages of every origin may come, as they do by WebSocket: a
 * peer is known by its key, and a page without an invite gets nothing. An origin must be one, though.
 */
export function judgeConnect(fields: Fields): Verdict {
  const request = requestOf(fields)
  if (request === undefined) return { status: 400, reason: 'malformed field section' }
  if (request[':method'] !== 'CONNECT') return { status: 405, reason: 'only CONNECT is served' }
  if (request[':protocol'] !== 'webtransport') return { status: 501, reason: 'only webtransport is spoken' }
  if (request[':scheme'] !== 'https') return { status: 400, reason: 'the scheme is not https' }
  if (!isAuthority(request[':authority'])) return { status: 400, reason: 'no authority' }
  if (request[':path'] !== LIBP2P_PATH) return { status: 404, reason: 'no libp2p at this path' }
  const origins = fields.filter(([name]) => name === 'origin').map(([, value]) => value)
  if (origins.length > 1 || !origins.every(isOrigin)) return { status: 403, reason: 'not an origin' }
  return { status: 200 }
}

/** What our own dialler sends to `authority` (host and port). */
export function connectRequest(authority: string): Fields {
  return [
    [':method', 'CONNECT'],
    [':scheme', 'https'],
    [':authority', authority],
    [':path', LIBP2P_PATH],
    [':protocol', 'webtransport'],
    ['sec-webtransport-http3-draft02', '1'],
  ]
}

/** The pseudo-header fields: each at most once, all before the others, none unknown; names in lower case. */
function requestOf(fields: Fields): Partial<Record<(typeof PSEUDO)[number], string>> | undefined {
  const request: Partial<Record<(typeof PSEUDO)[number], string>> = {}
  let isPast = false
  for (const [name, value] of fields) {
    if (name === '' || name !== name.toLowerCase()) return undefined
    if (!name.startsWith(':')) {
      isPast = true
      continue
    }
    const pseudo = PSEUDO.find(each => each === name)
    if (pseudo === undefined || isPast || request[pseudo] !== undefined) return undefined
    request[pseudo] = value
  }
  return request
}

function isAuthority(authority: string | undefined): boolean {
  return (
    authority !== undefined &&
    authority !== '' &&
    authority.length <= MAX_AUTHORITY &&
    !/[\s@/]/.test(authority)
  )
}

/** As a browser writes it: scheme, host and port, nothing behind. */
function isOrigin(origin: string): boolean {
  if (origin === OPAQUE_ORIGIN) return true
  if (origin.length > MAX_ORIGIN || !URL.canParse(origin)) return false
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#@\s]+$/.test(origin)
}
