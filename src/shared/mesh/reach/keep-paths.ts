import type { Clock } from '../../clock.ts'
import type { Logger } from '../../logger.ts'
import type { MeshHost } from '../host-contract.ts'
import type { Session } from '../session-contract.ts'
import { RelayedSession } from './relayed-session.ts'

export interface KeepPathsInit {
  host: Pick<
    MeshHost,
    | 'improve'
    | 'limitsOf'
    | 'remoteAddress'
    | 'roundTrip'
    | 'onSession'
    | 'onPath'
    | 'onAddresses'
    | 'sessions'
  >
  /** Where a peer may be, as far as is known. */
  addressesOf: (peerId: string) => readonly string[]
  /** Whether sessions are moved from a relay to a direct path. */
  direct: boolean
  clock: Clock
  logger: Logger
  /** In [0, 1). */
  random: () => number
}

/** Looks after each session that goes through a relay, for as long as it does. The returned function ends that. */
export function keepPaths(init: KeepPathsInit): () => void {
  const { host } = init
  const relayed = new Map<Session, { keeper: RelayedSession; end: AbortController }>()
  const leave = (session: Session) => {
    relayed.get(session)?.end.abort()
    relayed.delete(session)
  }
  const look = (session: Session) => {
    leave(session)
    if (session.path !== 'relay') return
    const end = new AbortController()
    relayed.set(session, { keeper: new RelayedSession({ ...init, session, signal: end.signal }), end })
    void session.closed.then(() => {
      if (relayed.get(session)?.end === end) leave(session)
    })
  }
  const stops = [
    host.onSession(look),
    host.onPath(look),
    // Another network, perhaps.
    host.onAddresses(() => {
      for (const { keeper } of relayed.values()) keeper.tryAgain()
    }),
  ]
  host.sessions().forEach(look)
  return () => {
    for (const stop of stops) stop()
    for (const session of [...relayed.keys()]) leave(session)
  }
}
