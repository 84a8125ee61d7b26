/**
 * Both ends of a WebRTC handshake read an offer or an answer first and candidates after it, and the candidates are sent as
 * they are found, which may be before: with the native WebRTC under Deno they always are, and the handshake fails. This holds
 * candidates back until the description has gone. It can go when the first case of webrtc-signal-order.test.ts fails.
 */
import type { Connection, Stream } from '@libp2p/interface'
import type { TransportFactory } from './transport-factory.ts'

/** libp2p specs, webrtc: a signalling stream carries length-prefixed protobuf messages `{type = 1, data = 2}`. */
const SIGNALLING = '/webrtc-signaling/0.0.1'
const TYPE_TAG = 0x08
const ICE_CANDIDATE = 2

type Sent = Parameters<Stream['send']>[0]

export function withOrderedSignals(factory: TransportFactory): TransportFactory {
  return components => {
    const { events, registrar } = components
    events.addEventListener('connection:open', ({ detail }) => orderOutbound(detail))
    const handle = registrar.handle.bind(registrar)
    registrar.handle = (protocol, handler, options) =>
      protocol === SIGNALLING
        ? handle(protocol, (stream, connection) => handler(inOrder(stream), connection), options)
        : handle(protocol, handler, options)
    return factory(components)
  }
}

function orderOutbound(connection: Connection): void {
  const newStream = connection.newStream.bind(connection)
  connection.newStream = async (protocols, options) => {
    const stream = await newStream(protocols, options)
    return stream.protocol === SIGNALLING ? inOrder(stream) : stream
  }
}

/** The same stream, on which no candidate goes before a description. */
export function inOrder(stream: Stream): Stream {
  const send = stream.send.bind(stream)
  const held: Sent[] = []
  let described = false
  stream.send = data => {
    if (!described && isCandidate(data)) {
      held.push(data)
      return true
    }
    described = true
    return [data, ...held.splice(0)].reduce((_, each) => send(each), true)
  }
  return stream
}

function isCandidate(data: Sent): boolean {
  const bytes = data.subarray(0, 8)
  // The length is a varint: its last byte is the first below 0x80.
  const at = bytes.findIndex(byte => byte < 0x80) + 1
  return bytes[at] === TYPE_TAG && bytes[at + 1] === ICE_CANDIDATE
}
