import type { IncomingMessage } from 'node:http'

/**
 * The web-standard form of a request that Node received; the body is read as it is asked for. Its signal never aborts,
 * which nobody here waits for and which would cost each request a quarter of its making: a client that goes ends its streams.
 * Throws TypeError for a Host, a target or a method that the web's Request does not take.
 */
export function webRequest(incoming: IncomingMessage): Request {
  const { method = 'GET', headers, url = '/' } = incoming
  const scheme = 'encrypted' in incoming.socket ? 'https' : 'http'
  // Only the origin form of a target (RFC 9112 3.2.1) is a path; nothing is served at any other.
  const host = headers.host ?? 'unknown'
  // A URL with credentials is no request's (Fetch standard, 5.4); Deno's Request takes it.
  if (host.includes('@')) throw new TypeError(`Host ${host} holds credentials`)
  const target = `${scheme}://${host}${url.startsWith('/') ? url : '/*'}`
  const init: StreamingRequestInit = {
    method,
    headers: webHeaders(incoming.rawHeaders),
    duplex: 'half',
  }
  if (method !== 'GET' && method !== 'HEAD' && hasBody(incoming)) init.body = bodyOf(incoming)
  return new Request(target, init)
}

/** A body that streams must say so (Fetch standard, 5.3); TypeScript's DOM library does not have the word yet. */
type StreamingRequestInit = RequestInit & { duplex: 'half' }

/** A request has a body only when it says so (RFC 9112 6.3). */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

function webHeaders(raw: readonly string[]): Headers {
  const headers = new Headers()
  for (let i = 0; i + 1 < raw.length; i += 2) headers.append(raw[i] ?? '', raw[i + 1] ?? '')
  return headers
}

/** Half the cost of `Readable.toWeb`, on the path of every call; and a cancel leaves the connection open for the answer. */
function bodyOf(incoming: IncomingMessage): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream(
    {
      start(controller) {
        incoming.pause()
        incoming.on('data', (chunk: Uint8Array<ArrayBuffer>) => {
          incoming.pause()
          controller.enqueue(chunk)
        })
        incoming.once('end', () => controller.close())
        incoming.once('error', error => controller.error(error))
      },
      pull() {
        incoming.resume()
      },
      cancel() {
        incoming.pause()
        incoming.removeAllListeners('data')
        incoming.removeAllListeners('end')
      },
    },
    { highWaterMark: 0 },
  )
}
