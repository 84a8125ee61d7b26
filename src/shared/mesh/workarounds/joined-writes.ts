/**
 * Noise hands each record to its connection in four or five pieces (length, header, data, tag), and the connections of TCP
 * and WebSocket write every piece by itself: a system call or a WebSocket message for each, which costs far more than the
 * record's encryption. This hands a record over in one piece. It can go when the first case of joined-writes.test.ts fails.
 */
import type { ConnectionEncrypter, MessageStream } from '@libp2p/interface'

export function withJoinedWrites<C, E>(
  factory: (components: C) => ConnectionEncrypter<E>,
): (components: C) => ConnectionEncrypter<E> {
  return components => {
    const encrypter = factory(components)
    const secureInbound = encrypter.secureInbound.bind(encrypter)
    const secureOutbound = encrypter.secureOutbound.bind(encrypter)
    encrypter.secureInbound = (connection, options) => secureInbound(joinWritesOf(connection), options)
    encrypter.secureOutbound = (connection, options) => secureOutbound(joinWritesOf(connection), options)
    return encrypter
  }
}

function joinWritesOf(connection: MessageStream): MessageStream {
  const send = connection.send.bind(connection)
  // Of a list, `subarray` is a copy in one piece; of bytes that are one already, no copy.
  connection.send = data => send(data.subarray())
  return connection
}
