import type { KadDHT, KadDHTComponents, KadDHTInit } from '@libp2p/kad-dht'
import { peerIdFromString } from '@libp2p/peer-id'
import type { CID } from 'multiformats/cid'
import { BoundedDatastore } from './bounded-datastore.ts'
import type { Found } from './discovery-source.ts'
import { capture } from './libp2p-source.ts'
import { NobodyThereError } from './nobody-there-error.ts'

/** Providers that one look goes through. */
const PROVIDERS = 500
/** What others may have this peer keep for them. */
const KEPT = { entries: 10_000, bytes: 16 * 1024 * 1024 }

/** What the table of kad-dht has beside its contract. */
interface Table extends KadDHT {
  routingTable: { size: number } & Pick<EventTarget, 'addEventListener' | 'removeEventListener'>
}

export interface DhtPart {
  /** For the host. */
  factory: (components: KadDHTComponents) => KadDHT
  /** The table, whether or not anybody is in it. */
  get(): KadDHT
  /** The same; throws NobodyThereError while no connected peer takes part in it. */
  table(): KadDHT
  /** Addresses of those who provide one of these CIDs, by peer id. */
  providers(cids: readonly CID[], signal: AbortSignal): Promise<Map<string, string[]>>
  /** Where one peer is; empty where nobody knows. */
  peer(peerId: string, signal: AbortSignal): Promise<Found[]>
  /** Calls back for the first peer in the table. */
  onReady(fn: () => void): () => void
}

/** A hash table as a part of libp2p. What others have it keep is in memory and bounded: it must not fill a disk. */
export async function dhtPart(options: KadDHTInit, where: string): Promise<DhtPart> {
  const { kadDHT } = await import('@libp2p/kad-dht')
  const make = kadDHT({
    ...options,
    // Three at a time are enough for what is not in a hurry.
    alpha: 3,
    disjointPaths: 2,
  })
  const store = new BoundedDatastore(KEPT)
  const part = capture<KadDHTComponents, Table>(components => make(withDatastore(components, store)) as Table)
  const table = () => {
    const dht = part.get()
    if (dht.routingTable.size === 0) throw new NobodyThereError(where)
    return dht
  }
  return {
    factory: part.factory,
    get: part.get,
    table,
    async providers(cids, signal) {
      const found = new Map<string, string[]>()
      for (const cid of cids) {
        for await (const event of table().findProviders(cid, { signal })) {
          if (event.name !== 'PROVIDER') continue
          for (const { id, multiaddrs } of event.providers) {
            if (found.size < PROVIDERS) found.set(id.toString(), multiaddrs.map(String))
          }
        }
      }
      return found
    },
    async peer(peerId, signal) {
      for await (const event of table().findPeer(peerIdFromString(peerId), { signal })) {
        if (event.name === 'FINAL_PEER')
          return [{ peer_id: peerId, addresses: event.peer.multiaddrs.map(String) }]
      }
      return []
    },
    onReady(fn) {
      const { routingTable } = part.get()
      const added = () => {
        if (routingTable.size <= 1) fn()
      }
      routingTable.addEventListener('peer:add', added)
      return () => routingTable.removeEventListener('peer:add', added)
    },
  }
}

/** Waits for the end of what a table tells of its work. */
export async function drained(events: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of events);
}

function withDatastore(components: KadDHTComponents, datastore: BoundedDatastore): KadDHTComponents {
  return new Proxy(components, {
    get: (target, name) => (name === 'datastore' ? datastore : Reflect.get(target, name)),
  })
}
