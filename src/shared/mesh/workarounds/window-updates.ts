/**
 * A yamux stream answers every data frame with an update of its window, so that for each message one more record is
 * encrypted, written, read and decrypted on both sides. As other implementations do, this leaves an update until half of the
 * window is used. It can go when the first case of window-updates.test.ts fails.
 */
import type { Stream } from '@libp2p/interface'

/** What a yamux stream is made of beside its contract (@libp2p/yamux 8.0). */
interface YamuxStream {
  /** The number of bytes available to receive in a full window. */
  recvWindow: number
  /** The number of bytes available to receive. */
  recvWindowCapacity: number
  state: number
  sendWindowUpdate(): void
}

/** `StreamState.Established`: no flag waits to be sent, and reading is not paused. */
const ESTABLISHED = 3

/** Returns the stream, whose windows are updated by halves from now on; one that is not of yamux as it is. */
export function withFewerWindowUpdates<S extends Stream>(stream: S): S {
  if (!isYamuxStream(stream)) return stream
  const update = stream.sendWindowUpdate.bind(stream)
  stream.sendWindowUpdate = () => {
    if (stream.state === ESTABLISHED && stream.recvWindowCapacity > stream.recvWindow / 2) return
    update()
  }
  return stream
}

function isYamuxStream<S extends Stream>(stream: S): stream is S & YamuxStream {
  return 'sendWindowUpdate' in stream && 'recvWindow' in stream && 'recvWindowCapacity' in stream
}
