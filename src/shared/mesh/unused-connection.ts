import type { Connection } from '@libp2p/interface'
import type { Clock } from '../clock.ts'

/** Milliseconds after the end of a session in which another one may begin on its connection. */
const LINGER_MS = 2_000
/** Milliseconds between two looks whether what else the connection carried has ended. */
const LOOK_MS = 10_000

/** What libp2p opens by itself on every connection, and nobody misses. */
const BY_THE_WAY: ReadonlySet<string> = new Set([
  '/ipfs/id/1.0.0',
  '/ipfs/id/push/1.0.0',
  '/ipfs/ping/1.0.0',
  '/libp2p/autonat/1.0.0',
  '/libp2p/dcutr',
])

/**
 * Closes the connection of a session that has ended, once nothing else uses it: libp2p keeps connections for as long as
 * both sides live. `isKept` says that it has another use without a stream, as a relay slot.
 */
export function closeUnused(connection: Connection, clock: Clock, isKept: () => boolean): void {
  const look = (ms: number): void => {
    const stop = clock.after(ms, () => {
      if (connection.status !== 'open') return
      const isUsed = connection.streams.some(({ protocol }) => !BY_THE_WAY.has(protocol))
      if (isUsed || isKept()) return look(LOOK_MS)
      connection.close().catch(error => connection.abort(error))
    })
    connection.addEventListener('close', stop, { once: true })
  }
  look(LINGER_MS)
}
