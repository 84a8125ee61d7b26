import type { ByteReader } from './byte-reader.ts'
import { FRAME, frameHeader } from './frame.ts'
import { H3, H3Error } from './h3-error.ts'
import { decodeFields, type Fields, MAX_FIELD_SECTION_BYTES } from './qpack.ts'

/**
 * The fields with which a request or response begins (RFC 9114, 4.1); frames of unknown types before them are skipped. `first`: the
 * header of the first frame, where it has been read. Throws H3Error.
 */
export async function readFields(
  reader: ByteReader,
  first?: { type: number; length: number },
): Promise<Fields> {
  for (let next = first ?? (await headerOf(reader)); ; next = await headerOf(reader)) {
    const { type, length } = next
    if (type === FRAME.HEADERS) {
      if (length > MAX_FIELD_SECTION_BYTES) throw new H3Error(H3.EXCESSIVE_LOAD, `HEADERS of ${length} bytes`)
      return decodeFields(await reader.bytes(length))
    }
    if (Object.values(FRAME).some(known => known === type))
      throw new H3Error(H3.FRAME_UNEXPECTED, `frame ${type} before HEADERS`)
    await reader.skip(length)
  }
}

async function headerOf(reader: ByteReader): Promise<{ type: number; length: number }> {
  const header = await frameHeader(reader)
  if (header === undefined) throw new H3Error(H3.MESSAGE_ERROR, 'a message without HEADERS')
  return header
}
