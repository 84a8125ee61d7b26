import type { BootstrapComponents } from '@libp2p/bootstrap'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { ToolmeshError } from '../../errors.ts'
import type { Found } from './discovery-source.ts'
import { capture, type Libp2pSource } from './libp2p-source.ts'

/** Milliseconds until libp2p's module dials after its start. */
const DIAL_AFTER_MS = 100

export interface BootstrapSourceInit {
  /** Multiaddrs with the peer id at their end, by peer id. */
  peers: ReadonlyMap<string, readonly string[]>
  /** Peers that are not of this mesh: connected, and not told of. */
  outsiders?: ReadonlyMap<string, readonly string[]>
}

/**
 * libp2p's own bootstrap module: a bare connection to the peers to begin with, so that a hash table or a topic has somebody
 * to talk to, also where no grant allows a session. It dials once at its start; when all of these peers are lost, a look
 * dials them again.
 */
export async function bootstrapSource({
  peers: members,
  outsiders = new Map(),
}: BootstrapSourceInit): Promise<Libp2pSource> {
  const { bootstrap } = await import('@libp2p/bootstrap')
  const peers = new Map([...members, ...outsiders])
  const make = bootstrap({ list: [...peers.values()].flat(), timeout: DIAL_AFTER_MS })
  const connections = capture<BootstrapComponents, BootstrapComponents['connectionManager']>(
    components => components.connectionManager,
  )
  const isConnected = (id: string) => connections.get().getConnections(peerIdFromString(id)).length > 0

  async function dialled(signal: AbortSignal): Promise<string> {
    const dials = [...peers].map(async ([id, known]) => {
      await connections.get().openConnection(
        known.map(address => multiaddr(address)),
        { signal },
      )
      return id
    })
    return Promise.any(dials).catch(error => {
      throw new BootstrapUnreachableError(peers.size, error)
    })
  }

  return {
    peerDiscovery: [
      components => {
        connections.factory(components)
        return make(components)
      },
    ],
    source: {
      name: 'bootstrap',
      everyMs: 60_000,
      longestBackoffMs: 60_000,
      async find(signal): Promise<Found[]> {
        const there = [...peers.keys()].filter(isConnected)
        const ids = there.length > 0 ? there : [await dialled(signal)]
        return ids.flatMap(id => {
          const addresses = members.get(id)
          return addresses === undefined ? [] : [{ peer_id: id, addresses: [...addresses] }]
        })
      },
      close: async () => {},
    },
  }
}

/** None of the peers to begin with can be reached. */
export class BootstrapUnreachableError extends ToolmeshError {
  constructor(count: number, cause: unknown) {
    super('unavailable', `none of ${count} peers of p2p.bootstrap can be reached`, {
      field: 'p2p.bootstrap',
      cause,
    })
  }
}
