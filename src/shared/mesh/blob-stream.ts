/**
 * `/toolmesh/blob/1.0.0` (docs/PROTOCOL.md "Blobs"): a stream for each transfer, in frames as a session's.
 * Fetcher: `{"cid", "offset"}`. Offerer: `{"size"}` or `{"error"}`, then frames of up to 64 KiB of the bytes.
 * Fetcher: `{"ack": bytes received}` now and then, which lets the offerer go on. Both sides close theirs.
 */
import type { Stream } from '@libp2p/interface'
import { z } from 'zod'
import { blobCid } from './blob-cid.ts'
import type { BlobOffers } from './blob-offers.ts'
import { BlobTransferError } from './errors.ts'
import { encodeFrame, FrameDecoder, frameOf, parseBody } from './frame.ts'

export const BLOB_PROTOCOL = '/toolmesh/blob/1.0.0'

const CHUNK_BYTES = 64 * 1024

/** Sent and not acknowledged at most: little, because a session's frames share the connection. */
const WINDOW_BYTES = 8 * CHUNK_BYTES

/** Acknowledge at least this often. */
const ACK_BYTES = 2 * CHUNK_BYTES

/** A transfer on which nothing moves for so long is given up, in milliseconds. */
const IDLE_MS = 30_000

/** Times that a broken transfer is resumed at its offset before the fetch fails. */
const RESUMES = 3

const requestSchema = z.object({ cid: z.string().max(128), offset: z.int().nonnegative() })
const ackSchema = z.object({ ack: z.int().nonnegative() })
const replySchema = z.union([
  z.object({ size: z.int().positive() }),
  z.object({ error: z.string().max(1024) }),
])

/** Bodies of a stream's frames as they come; throws when the stream breaks, ends when the other side closes. */
async function* bodies(stream: Stream): AsyncGenerator<Uint8Array> {
  const decoder = new FrameDecoder(CHUNK_BYTES)
  for await (const data of stream) {
    for (const chunk of data instanceof Uint8Array ? [data] : data) yield* decoder.push(chunk)
  }
  decoder.end()
}

/** Serves one fetch; `offersWith` finds who of the peer's sessions offers a CID. */
export async function serveBlob(
  stream: Stream,
  offersWith: (cid: string) => BlobOffers | undefined,
): Promise<void> {
  stream.inactivityTimeout = IDLE_MS
  const input = bodies(stream)
  const first = await input.next()
  if (first.done === true) return
  const { cid, offset } = requestSchema.parse(parseBody(first.value))
  const offers = offersWith(cid)
  const bytes = offers?.get(cid)
  if (offers === undefined || bytes === undefined || offset > bytes.byteLength) {
    stream.send(encodeFrame(JSON.stringify({ error: 'not offered' })))
    await stream.close()
    return
  }
  stream.send(encodeFrame(JSON.stringify({ size: bytes.byteLength })))
  let sent = offset
  let acknowledged = offset
  for (;;) {
    while (sent < bytes.byteLength && sent - acknowledged < WINDOW_BYTES) {
      const end = Math.min(bytes.byteLength, sent + CHUNK_BYTES)
      stream.send(frameOf(bytes.subarray(sent, end)))
      sent = end
    }
    if (acknowledged === bytes.byteLength) break
    const next = await input.next()
    if (next.done === true) break
    const { ack } = ackSchema.parse(parseBody(next.value))
    acknowledged = Math.min(Math.max(acknowledged, ack), sent)
  }
  if (acknowledged === bytes.byteLength) offers.fetched(cid)
  await stream.close()
}

/**
 * Fetches a blob and verifies it. `open` gives a new stream to the offerer. A transfer that breaks is resumed
 * where it stood. Throws `unavailable` when it cannot be had or is not what the CID says.
 */
export async function fetchBlob(
  open: (signal: AbortSignal) => Promise<Stream>,
  cid: string,
  size: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(size)
  let have = 0
  for (let attempt = 0; have < size; attempt += 1) {
    signal.throwIfAborted()
    const stream = await open(signal)
    try {
      have = await receive(stream, cid, bytes, have, signal)
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error(String(error)))
      signal.throwIfAborted()
      if (error instanceof PartialTransfer) have = error.have
      if (attempt >= RESUMES || !(error instanceof PartialTransfer)) throw asTransferError(error)
    }
  }
  const found = await blobCid(bytes)
  if (found !== cid) throw new BlobTransferError(`the blob is ${found}, announced as ${cid}`)
  return bytes
}

/** The stream broke with part of the bytes here. */
class PartialTransfer extends Error {
  readonly have: number

  constructor(have: number, cause: unknown) {
    super('the transfer broke', { cause })
    this.have = have
  }
}

async function receive(
  stream: Stream,
  cid: string,
  bytes: Uint8Array,
  from: number,
  signal: AbortSignal,
): Promise<number> {
  const abort = () => stream.abort(new BlobTransferError('the fetch was given up'))
  signal.addEventListener('abort', abort, { once: true })
  stream.inactivityTimeout = IDLE_MS
  let have = from
  let acknowledged = from
  try {
    stream.send(encodeFrame(JSON.stringify({ cid, offset: from })))
    let replied = false
    for await (const body of bodies(stream)) {
      if (!replied) {
        checkReply(parseBody(body), bytes.byteLength)
        replied = true
        continue
      }
      if (have + body.byteLength > bytes.byteLength) throw new BlobTransferError('more bytes than announced')
      bytes.set(body, have)
      have += body.byteLength
      if (have - acknowledged < ACK_BYTES && have < bytes.byteLength) continue
      stream.send(encodeFrame(JSON.stringify({ ack: have })))
      acknowledged = have
      if (have === bytes.byteLength) break
    }
    if (have < bytes.byteLength) throw new Error('the offerer ended early')
    await stream.close()
    return have
  } catch (error) {
    if (error instanceof BlobTransferError) throw error
    throw new PartialTransfer(have, error)
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

function checkReply(value: unknown, size: number): void {
  const reply = replySchema.parse(value)
  if ('error' in reply) throw new BlobTransferError(`the peer does not give the blob: ${reply.error}`)
  if (reply.size !== size)
    throw new BlobTransferError(`the blob has ${reply.size} bytes, announced were ${size}`)
}

function asTransferError(error: unknown): BlobTransferError {
  if (error instanceof BlobTransferError) return error
  return new BlobTransferError('the blob could not be fetched', { cause: error })
}
