import type { Connection, Libp2p } from '@libp2p/interface'
import { expectedAddress } from '../dialling/expected-address.ts'
import { NoOtherPathError } from './errors.ts'
import type { Path } from '../session-contract.ts'
import type { Line } from './line.ts'

/**
 * A new connection by this address beside the one that carries the session, and the session moved to it. A connection that
 * the session does not take is closed again.
 */
export async function moveToAddress({
  libp2p,
  line,
  address,
  signal,
}: {
  libp2p: Libp2p
  line: Line
  address: string
  signal: AbortSignal
}): Promise<Path> {
  const { session } = line
  const target = expectedAddress(address, session.peerId)
  const known = new Set(libp2p.getConnections().map(({ id }) => id))
  const connection = await libp2p.dial(target, { signal, force: true }).catch(cause => {
    throw new NoOtherPathError(session.peerId, address, cause)
  })
  try {
    if (connection === line.connection || connection.remotePeer.toString() !== session.peerId)
      throw new NoOtherPathError(session.peerId, address, 'the dial gave the connection of now')
    await line.moveTo(connection, signal)
    return session.path
  } catch (error) {
    if (!known.has(connection.id) && connection !== line.connection) await closeQuietly(connection)
    throw error
  }
}

async function closeQuietly(connection: Connection): Promise<void> {
  await connection.close().catch(error => connection.abort(error))
}
