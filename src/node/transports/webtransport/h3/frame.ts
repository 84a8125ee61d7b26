import { type ByteReader, joined } from './byte-reader.ts'
import { encodeVarint } from './varint.ts'

/** Types of frames (RFC 9114, 7.2). */
export const FRAME = {
  DATA: 0x00,
  HEADERS: 0x01,
  CANCEL_PUSH: 0x03,
  SETTINGS: 0x04,
  PUSH_PROMISE: 0x05,
  GOAWAY: 0x07,
  MAX_PUSH_ID: 0x0d,
} as const

/** Types of HTTP/2 that HTTP/3 must not have (RFC 9114, 7.2.8). */
export const RESERVED_FRAMES: readonly number[] = [0x02, 0x06, 0x08, 0x09]

/** Begins a bidirectional stream of a WebTransport session, in place of a frame; the session's id follows. */
export const WEBTRANSPORT_STREAM = 0x41

/** Types of unidirectional streams (RFC 9114, 6.2; RFC 9204, 4.2; WebTransport over HTTP/3). */
export const STREAM = {
  CONTROL: 0x00,
  PUSH: 0x01,
  QPACK_ENCODER: 0x02,
  QPACK_DECODER: 0x03,
  WEBTRANSPORT: 0x54,
} as const

export function frame(type: number, payload: Uint8Array): Uint8Array {
  return joined([encodeVarint(type), encodeVarint(payload.byteLength), payload])
}

/** Type and length of the next frame, whose payload is to be read next; undefined at the end of the stream. */
export async function frameHeader(reader: ByteReader): Promise<{ type: number; length: number } | undefined> {
  const type = await reader.varint()
  if (type === undefined) return undefined
  return { type, length: await numberOf(reader) }
}

/** A number that must be there. Throws H3Error at the end of the stream. */
export async function numberOf(reader: ByteReader): Promise<number> {
  const value = await reader.varint()
  if (value !== undefined) return value
  // Reads past the end, which is the error wanted.
  await reader.bytes(1)
  return 0
}
