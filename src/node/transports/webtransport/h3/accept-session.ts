import type { Clock } from '../../../../shared/clock.ts'
import { SessionUnavailableError } from '../../../../shared/mesh/webtransport/errors.ts'
import type { WebTransportSession } from '../../../../shared/mesh/webtransport/session.ts'
import type { QuicConnection } from '../quic.ts'
import { judgeConnect, type Verdict } from './connect-request.ts'
import { FRAME, frame, numberOf } from './frame.ts'
import { H3, H3Error } from './h3-error.ts'
import { H3Session } from './h3-session.ts'
import { Http3 } from './http3.ts'
import { readFields } from './message.ts'
import { encodeFields, type Fields } from './qpack.ts'
import { SessionStreams } from './session-streams.ts'

/** Milliseconds that a refusal has to arrive. */
const REFUSAL_MS = 100

/**
 * As the server: the session that the client of a new connection asks for. Throws `unavailable` when it asked for something
 * else, `bad_frame` when it does not speak HTTP/3; the connection is closed then. On abort the caller closes it.
 */
export async function acceptSession(
  quic: QuicConnection,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<WebTransportSession> {
  const http3 = new Http3(quic)
  const streams = new SessionStreams(quic, http3)
  try {
    await http3.start(signal)
    const request = await streams.requests.take()
    if (request === undefined) throw new SessionUnavailableError('the connection ended before its request')
    const { stream: connect, reader, firstType } = request
    const verdict = judgeConnect(
      await readFields(reader, { type: firstType, length: await numberOf(reader) }),
    )
    connect.write(answer(verdict))
    if (verdict.status !== 200) {
      await connect.end()
      await new Promise<void>(resolve => clock.after(REFUSAL_MS, resolve))
      quic.close(H3.NO_ERROR, verdict.reason)
      throw new SessionUnavailableError(`refused with ${verdict.status}: ${verdict.reason}`)
    }
    return new H3Session({ quic, http3, streams, connect, reader, clock })
  } catch (error) {
    if (error instanceof H3Error) quic.close(error.h3Code, error.message)
    throw error
  }
}

function answer({ status }: Verdict): Uint8Array {
  const fields: Fields =
    status === 200
      ? [
          [':status', '200'],
          ['sec-webtransport-http3-draft', 'draft02'],
        ]
      : [[':status', String(status)]]
  return frame(FRAME.HEADERS, encodeFields(fields))
}
