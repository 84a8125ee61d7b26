import type { PeerDiscovery } from '@libp2p/interface'
import { capture, type Libp2pSource } from '../../shared/mesh/discovery/libp2p-source.ts'
import { mdnsServiceOf } from '../../shared/mesh/discovery/namespace-names.ts'

/** Milliseconds between two questions to the network; answers are heard by all. */
const ASK_EVERY_MS = 20_000

/**
 * Nodes on the same network segment, by multicast DNS (RFC 6762) in the form of libp2p's discovery/mdns specification. It
 * tells private addresses only, and whoever is on the segment hears them.
 */
export async function mdnsSource({ namespace }: { namespace: string }): Promise<Libp2pSource> {
  const { mdns } = await import('@libp2p/mdns')
  const make = mdns({ serviceTag: mdnsServiceOf(namespace), interval: ASK_EVERY_MS })
  const part = capture<Parameters<typeof make>[0], PeerDiscovery>(make)
  return {
    peerDiscovery: [part.factory],
    source: {
      name: 'mdns',
      everyMs: ASK_EVERY_MS,
      listen(onFound) {
        const discovery = part.get()
        const heard = ({ detail }: { detail: { id: unknown; multiaddrs: readonly unknown[] } }) =>
          onFound({ peer_id: String(detail.id), addresses: detail.multiaddrs.map(String) })
        discovery.addEventListener('peer', heard)
        return () => discovery.removeEventListener('peer', heard)
      },
      close: async () => {},
    },
  }
}
