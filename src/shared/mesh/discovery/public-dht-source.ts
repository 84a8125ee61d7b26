import type { PeerInfo } from '@libp2p/interface'
import { CID } from 'multiformats/cid'
import { dhtPart, drained } from './dht-part.ts'
import type { Libp2pSource } from './libp2p-source.ts'
import { rendezvousOf } from './namespace-names.ts'

/** The public hash table of libp2p and IPFS ("Amino"; libp2p specs, kad-dht). */
export const PUBLIC_DHT_PROTOCOL = '/ipfs/kad/1.0.0'

export interface PublicDhtSourceInit {
  namespace: string
  peerId: string
  /** Which addresses are told and taken; only public ones unless given. */
  peerInfoMapper?: (peer: PeerInfo) => PeerInfo
}

/**
 * The public hash table, in which strangers take part: only asked, never served, and only where the settings name a public
 * set. It takes no announcements, so each peer provides the CID of its namespace; whoever else does so may be anybody.
 */
export async function publicDhtSource(init: PublicDhtSourceInit): Promise<Libp2pSource> {
  const { removePrivateAddressesMapper } = await import('@libp2p/kad-dht')
  const options = { protocol: PUBLIC_DHT_PROTOCOL, clientMode: true, datastorePrefix: '/public-dht' }
  const peerInfoMapper = init.peerInfoMapper ?? removePrivateAddressesMapper
  const part = await dhtPart({ ...options, peerInfoMapper }, 'the public hash table')
  const rendezvous = CID.parse(rendezvousOf(init.namespace))
  return {
    services: { publicDht: part.factory },
    source: {
      name: 'public-dht',
      everyMs: 15 * 60_000,
      publish: (_announcement, signal) => drained(part.table().provide(rendezvous, { signal })),
      withdraw: signal => part.get().cancelReprovide(rendezvous, { signal }),
      async find(signal) {
        const providers = await part.providers([rendezvous], signal)
        providers.delete(init.peerId)
        return [...providers]
          .filter(([, addresses]) => addresses.length > 0)
          .map(([peer_id, addresses]) => ({ peer_id, addresses }))
      },
      lookFor: part.peer,
      onReady: part.onReady,
      close: async () => {},
    },
  }
}
