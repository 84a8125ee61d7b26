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
  const reader = response.body.getReader()
  const cancel = () => void reader.cancel().catch(() => {})
  if (outgoing.destroyed) return cancel()
  outgoing.once('close', cancel)
  // A stream's first piece may be long in coming, and the client waits for the headers.
  const flushing = setImmediate(() => outgoing.flushHeaders())
  for (;;) {
    const { done, value } = await reader.read()
    clearImmediate(flushing)
    if (done) break
    if (outgoing.destroyed || outgoing.writableEnded) return cancel()
    if (!writeInTurn(outgoing, value)) await drainedOrGone(outgoing)
  }
  outgoing.off('close', cancel)
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

/** Listeners and not an AbortSignal: an abort makes an exception with its stack, which costs more than all else here. */
function drainedOrGone(outgoing: ServerResponse): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      outgoing.off('drain', done)
      outgoing.off('close', done)
      resolve()
    }
    outgoing.once('drain', done)
    outgoing.once('close', done)
  })
}
