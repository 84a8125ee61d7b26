import type { Clock } from '../../../../shared/clock.ts'
import { SessionUnavailableError } from '../../../../shared/mesh/webtransport/errors.ts'
import type { WebTransportSession } from '../../../../shared/mesh/webtransport/session.ts'
import type { QuicConnection } from '../quic.ts'
import { ByteReader } from './byte-reader.ts'
import { connectRequest } from './connect-request.ts'
import { FRAME, frame } from './frame.ts'
import { H3, H3Error } from './h3-error.ts'
import { H3Session } from './h3-session.ts'
import { Http3 } from './http3.ts'
import { readFields } from './message.ts'
import { encodeFields } from './qpack.ts'
import { SessionStreams } from './session-streams.ts'
import { offersWebTransport } from './settings.ts'

/** As the client, on a new connection to `authority` (host and port). Throws `unavailable` or `bad_frame`; the connection is closed then. */
export async function connectSession(
  quic: QuicConnection,
  { authority, clock, signal }: { authority: string; clock: Clock; signal: AbortSignal },
): Promise<WebTransportSession> {
  const giveUp = () => quic.close(H3.REQUEST_CANCELLED, '')
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    const http3 = new Http3(quic)
    const streams = new SessionStreams(quic, http3)
    await http3.start(signal)
    if (!offersWebTransport(await http3.settings))
      throw new SessionUnavailableError('the server takes no WebTransport sessions')
    const connect = await quic.open(signal)
    connect.write(frame(FRAME.HEADERS, encodeFields(connectRequest(authority))))
    const reader = new ByteReader(connect)
    const status = await statusOf(reader)
    if (status !== '200') throw new SessionUnavailableError(`the server refused with ${status}`)
    return new H3Session({ quic, http3, streams, connect, reader, clock })
  } catch (error) {
    if (error instanceof H3Error) quic.close(error.h3Code, error.message)
    else giveUp()
    throw signal.aborted ? signal.reason : error
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

/** The final one: informational responses come before it. */
async function statusOf(reader: ByteReader): Promise<string> {
  for (;;) {
    const status = (await readFields(reader)).find(([name]) => name === ':status')?.[1]
    if (status === undefined) throw new H3Error(H3.MESSAGE_ERROR, 'a response without a status')
    if (!status.startsWith('1')) return status
  }
}
