/** Capsules (RFC 9297, 3.2) on the stream of a session's CONNECT, in DATA frames. */
import { ByteReader, joined } from './byte-reader.ts'
import { FRAME, frame, frameHeader, numberOf } from './frame.ts'
import { H3, H3Error } from './h3-error.ts'
import { encodeVarint } from './varint.ts'

/** CLOSE_WEBTRANSPORT_SESSION (draft-ietf-webtrans-http3): a code of 4 bytes and a message of up to 1,024. */
const CLOSE_SESSION = 0x2843
const CODE_BYTES = 4
const MAX_MESSAGE_BYTES = 1_024

/** Ends the session with code 0 and no message. */
export function closeCapsule(): Uint8Array {
  const value = new Uint8Array(CODE_BYTES)
  return frame(FRAME.DATA, joined([encodeVarint(CLOSE_SESSION), encodeVarint(value.byteLength), value]))
}

/** Reads until the peer ends the session, by a capsule or by the end of the stream. Throws H3Error for what is neither. */
export async function untilSessionEnds(reader: ByteReader): Promise<void> {
  const capsules = new ByteReader({ read: dataOf(reader) })
  for (;;) {
    const type = await capsules.varint()
    if (type === undefined) return
    const length = await numberOf(capsules)
    if (type !== CLOSE_SESSION) {
      await capsules.skip(length)
      continue
    }
    if (length < CODE_BYTES || length > CODE_BYTES + MAX_MESSAGE_BYTES)
      throw new H3Error(H3.MESSAGE_ERROR, `a close of ${length} bytes`)
    await capsules.bytes(length)
    return
  }
}

/** What the DATA frames hold, one after the other; frames of unknown types are skipped. */
function dataOf(reader: ByteReader): () => Promise<Uint8Array | undefined> {
  let left = 0
  return async () => {
    while (left === 0) {
      const next = await frameHeader(reader)
      if (next === undefined) return undefined
      if (next.type === FRAME.DATA) left = next.length
      else if (isKnown(next.type)) throw new H3Error(H3.FRAME_UNEXPECTED, `frame ${next.type} in a session`)
      else await reader.skip(next.length)
    }
    const bytes = await reader.some(left)
    left -= bytes.byteLength
    return bytes
  }
}

function isKnown(type: number): boolean {
  return Object.values(FRAME).some(known => known === type)
}
