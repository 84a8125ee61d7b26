/** The libp2p connections of a mesh host, which keeps them to itself: a raw echo goes over the very one of a session. */
import type { Connection, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { pathOf } from '../src/shared/mesh/connection-path.ts'
import type { Path } from '../src/shared/mesh/session-contract.ts'

interface Components {
  connectionManager: { getConnections(peerId: PeerId): Connection[] }
}

export interface OpenConnections {
  /** To be given to the host as one of its services. */
  service: (components: Components) => object
  /** The open connection with a peer on this path. Throws where there is none. */
  with(peerId: string, path: Path): Connection
}

export function openConnections(): OpenConnections {
  let components: Components | undefined
  return {
    service(given) {
      components = given
      return {}
    },
    with(peerId, path) {
      const open = components?.connectionManager.getConnections(peerIdFromString(peerId)) ?? []
      const connection = open.find(({ remoteAddr }) => pathOf(remoteAddr) === path)
      if (connection === undefined) throw new Error(`no connection with ${peerId} by ${path}`)
      return connection
    },
  }
}
