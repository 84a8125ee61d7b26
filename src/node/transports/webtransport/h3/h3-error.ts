import { ToolmeshError } from '../../../../shared/errors.ts'

/** Codes of HTTP/3 (RFC 9114, 8.1), QPACK (RFC 9204, 6) and WebTransport over HTTP/3 that this side sends. */
export const H3 = {
  NO_ERROR: 0x100,
  GENERAL_PROTOCOL_ERROR: 0x101,
  STREAM_CREATION_ERROR: 0x103,
  CLOSED_CRITICAL_STREAM: 0x104,
  FRAME_UNEXPECTED: 0x105,
  FRAME_ERROR: 0x106,
  EXCESSIVE_LOAD: 0x107,
  ID_ERROR: 0x108,
  SETTINGS_ERROR: 0x109,
  MISSING_SETTINGS: 0x10a,
  REQUEST_REJECTED: 0x10b,
  REQUEST_CANCELLED: 0x10c,
  MESSAGE_ERROR: 0x10e,
  QPACK_DECOMPRESSION_FAILED: 0x200,
  QPACK_ENCODER_STREAM_ERROR: 0x201,
  BUFFERED_STREAM_REJECTED: 0x3994bd84,
  /** WebTransport's application error 0 on a stream (draft-ietf-webtrans-http3, "Resetting Data Streams"). */
  WEBTRANSPORT_STREAM: 0x52e4a40fa8db,
} as const

/** The peer does not speak HTTP/3 or WebTransport as it should. The connection closes with the code. */
export class H3Error extends ToolmeshError {
  readonly h3Code: number

  constructor(h3Code: number, message: string) {
    super('bad_frame', message)
    this.h3Code = h3Code
  }
}
