/**
 * Deno's own WebSocket leaves Nagle's algorithm on (RFC 9293, 3.7.4): the second of two writes waits until the other side
 * has acknowledged the first, which it puts off for some 40 ms. So there the mesh dials by the `ws` package, whose sockets
 * send at once. It can go when the first case of undelayed-websocket.test.ts fails.
 */
import { WebSocket } from 'ws'

/** Largest message accepted, as by the server: the secure channel's messages have at most 64 KiB. */
const MESSAGE_BYTES = 1024 * 1024

/** A WebSocket that connects to `ws://…` or `wss://…` and sends without delay. */
export function undelayedWebSocket(url: string): WebSocket {
  const websocket = new WebSocket(url, { maxPayload: MESSAGE_BYTES, perMessageDeflate: false })
  // Who dials hears of a failure by its own listener; one that comes later ends in the close that follows it.
  websocket.on('error', () => {})
  return websocket
}
