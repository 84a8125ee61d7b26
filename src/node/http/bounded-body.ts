import { BodyTooLargeError } from './errors.ts'

/**
 * The request itself when its Content-Length is within `limitBytes` (the HTTP parser holds the sender to it);
 * a body of unknown length is read, up to the limit, before anything else sees it. Throws `frame_too_large`.
 */
export async function boundedRequest(request: Request, limitBytes: number): Promise<Request> {
  const length = request.headers.get('content-length')
  if (length !== null) {
    if (Number(length) > limitBytes) throw new BodyTooLargeError(limitBytes)
    return request
  }
  if (request.method === 'GET' || request.method === 'HEAD' || request.body === null) return request
  const body = await readBounded(request.body, limitBytes)
  return new Request(request.url, {
    method: request.method,
    headers: request.headers,
    body,
  })
}

async function readBounded(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  limitBytes: number,
): Promise<Blob> {
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let size = 0
  for await (const chunk of stream) {
    size += chunk.byteLength
    if (size > limitBytes) throw new BodyTooLargeError(limitBytes)
    chunks.push(chunk)
  }
  return new Blob(chunks)
}
