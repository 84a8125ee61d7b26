import { once } from 'node:events'
import type { ServerResponse } from 'node:http'

/**
 * Sends a web-standard response as it comes: each piece of a stream in the turn that it came in, and no faster
 * than the client reads. Resolves when it is sent or the client has gone, which cancels the stream. Throws what
 * the stream throws; the answer is then cut off.
 */
export async function writeResponse(response: Response, outgoing: ServerResponse): Promise<void> {
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  if (response.body === null) {
    outgoing.end()
    return
  }
  const gone = new AbortController()
  const reader = response.body.getReader()
  outgoing.once('close', () => {
    gone.abort()
    reader.cancel().catch(() => {})
  })
  // A stream's first piece may be long in coming, and the client waits for the headers.
  const flushing = setImmediate(() => outgoing.flushHeaders())
  for (;;) {
    const { done, value } = await reader.read()
    clearImmediate(flushing)
    if (done || outgoing.destroyed || outgoing.writableEnded) break
    if (!writeInTurn(outgoing, value)) await drained(outgoing, gone.signal)
  }
  outgoing.end()
}

/**
 * Pieces of one turn of the event loop, the end among them, leave in one packet. The socket is corked and not the
 * response: a corked response sends its last chunk before the ones it holds back (Node 24).
 */
function writeInTurn(outgoing: ServerResponse, piece: Uint8Array): boolean {
  const { socket } = outgoing
  socket?.cork()
  setImmediate(() => socket?.uncork())
  return outgoing.write(piece)
}

async function drained(outgoing: ServerResponse, gone: AbortSignal): Promise<void> {
  await once(outgoing, 'drain', { signal: gone }).catch(() => {})
}
