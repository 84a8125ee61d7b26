import { multiaddr } from '@multiformats/multiaddr'
import { InvalidInputError } from '../../errors.ts'

/** Addresses to begin with, by whose they are. */
export interface BootstrapPeers {
  /** Multiaddrs with the peer id at their end, by peer id. */
  named: Map<string, string[]>
  /** Multiaddrs that do not say whose they are. */
  unnamed: string[]
}

/** Sorts multiaddrs by the peer id at their end. Throws InvalidInputError naming `field` for what is no multiaddr. */
export function bootstrapPeers(field: string, addresses: readonly string[]): BootstrapPeers {
  const peers: BootstrapPeers = { named: new Map(), unnamed: [] }
  for (const address of addresses) {
    const peerId = peerIdAtEnd(field, address)
    if (peerId === undefined) peers.unnamed.push(address)
    else peers.named.set(peerId, [...(peers.named.get(peerId) ?? []), address])
  }
  return peers
}

function peerIdAtEnd(field: string, address: string): string | undefined {
  try {
    const last = multiaddr(address).getComponents().at(-1)
    return last?.name === 'p2p' ? last.value : undefined
  } catch {
    throw new InvalidInputError(field, address, 'multiaddrs as /ip4/192.0.2.1/tcp/4001/p2p/12D3…')
  }
}
