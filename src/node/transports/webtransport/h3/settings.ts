import { joined } from './byte-reader.ts'
import { H3, H3Error } from './h3-error.ts'
import { decodeVarint, encodeVarint } from './varint.ts'

/** Bytes of a SETTINGS frame that is read: browsers send fewer than 100. */
export const MAX_SETTINGS_BYTES = 4 * 1024

/** RFC 9114, 7.2.4.1; RFC 9204, 5; RFC 9220, 3; RFC 9297, 2.1.1; drafts 2 and 7 to 13 of WebTransport over HTTP/3. */
export const SETTING = {
  QPACK_MAX_TABLE_CAPACITY: 0x01,
  QPACK_BLOCKED_STREAMS: 0x07,
  ENABLE_CONNECT_PROTOCOL: 0x08,
  H3_DATAGRAM: 0x33,
  H3_DATAGRAM_DRAFT: 0xffd277,
  ENABLE_WEBTRANSPORT: 0x2b603742,
  WEBTRANSPORT_MAX_SESSIONS_DRAFT: 0x2b603743,
  WEBTRANSPORT_MAX_SESSIONS: 0xc671706a,
} as const

/** Of HTTP/2, and an error here (RFC 9114, 7.2.4.1). */
const FORBIDDEN: readonly number[] = [0x00, 0x02, 0x03, 0x04, 0x05]

/** One session on a connection, and no dynamic table, so that nothing that a peer sends is kept for later. */
const OWN: readonly (readonly [number, number])[] = [
  [SETTING.QPACK_MAX_TABLE_CAPACITY, 0],
  [SETTING.QPACK_BLOCKED_STREAMS, 0],
  [SETTING.ENABLE_CONNECT_PROTOCOL, 1],
  [SETTING.H3_DATAGRAM, 1],
  [SETTING.H3_DATAGRAM_DRAFT, 1],
  [SETTING.ENABLE_WEBTRANSPORT, 1],
  [SETTING.WEBTRANSPORT_MAX_SESSIONS_DRAFT, 1],
  [SETTING.WEBTRANSPORT_MAX_SESSIONS, 1],
]

export function ownSettings(): Uint8Array {
  return joined(OWN.flatMap(([id, value]) => [encodeVarint(id), encodeVarint(value)]))
}

/** The payload of a SETTINGS frame. Throws H3Error for half a setting, one of HTTP/2, and one that comes twice. */
export function parseSettings(payload: Uint8Array): Map<number, number> {
  const settings = new Map<number, number>()
  for (let at = 0; at < payload.byteLength; ) {
    const id = decodeVarint(payload, at)
    const value = id === undefined ? undefined : decodeVarint(payload, at + id.length)
    if (id === undefined || value === undefined)
      throw new H3Error(H3.FRAME_ERROR, 'SETTINGS ends within a setting')
    if (FORBIDDEN.includes(id.value) || settings.has(id.value))
      throw new H3Error(H3.SETTINGS_ERROR, `setting ${id.value} must not be sent, or not twice`)
    settings.set(id.value, value.value)
    at += id.length + value.length
  }
  return settings
}

/** Whether the side that sent these takes WebTransport sessions, in any of the drafts that browsers know. */
export function offersWebTransport(settings: ReadonlyMap<number, number>): boolean {
  const { ENABLE_WEBTRANSPORT, WEBTRANSPORT_MAX_SESSIONS_DRAFT, WEBTRANSPORT_MAX_SESSIONS } = SETTING
  return [ENABLE_WEBTRANSPORT, WEBTRANSPORT_MAX_SESSIONS_DRAFT, WEBTRANSPORT_MAX_SESSIONS].some(
    id => (settings.get(id) ?? 0) > 0,
  )
}
