import type { KadDHT, KadDHTComponents, KadDHTInit } from '@libp2p/kad-dht'
import { peerIdFromString } from '@libp2p/peer-id'
import { CID } from 'multiformats/cid'
import type { SignedAnnouncement } from '../peers/announcement.ts'
import { readAnnouncement } from '../peers/signed-announcement.ts'
import { announcementBytes, announcementFromBytes, type Verify } from './announcement-bytes.ts'
import { BoundedDatastore } from './bounded-datastore.ts'
import { newestRecord, RECORD_KIND, recordKey, recordValidator } from './dht-records.ts'
import type { Found } from './discovery-source.ts'
import { capture, type Libp2pSource } from './libp2p-source.ts'
import { dhtProtocolOf, rendezvousOf } from './namespace-names.ts'
import { NobodyThereError } from './nobody-there-error.ts'

/** Providers that one look goes through, and of these the records that it asks for, as many at once. */
const PROVIDERS = 500
const RECORDS = 32
const RECORDS_AT_ONCE = 4
/** What others may have this peer keep for them. */
const KEPT = { entries: 10_000, bytes: 16 * 1024 * 1024 }

export interface DhtSourceInit {
  namespace: string
  peerId: string
  verify: Verify
  /** Whether a peer's announcement is known already: those that are not are asked for first. */
  isKnown: (peerId: string) => boolean
  /** Only asks: for a tab, which nobody can dial to ask it something. */
  clientOnly?: boolean
}

/** What the table of kad-dht has beside its contract. */
interface Table extends KadDHT {
  routingTable: { size: number } & Pick<EventTarget, 'addEventListener' | 'removeEventListener'>
}

/**
 * A Kademlia hash table of the peers of this namespace alone (libp2p kad-dht). Each peer keeps its announcement there as a
 * record, and provides two CIDs: that of the namespace, by which all are found, and that of its catalogue, by which those
 * with the same tools are. A peer that others can dial serves the table, another one only asks.
 */
export async function dhtSource(init: DhtSourceInit): Promise<Libp2pSource> {
  const { kadDHT, passthroughMapper } = await import('@libp2p/kad-dht')
  const make = kadDHT({ ...tableOptions(init), peerInfoMapper: passthroughMapper })
  const store = new BoundedDatastore(KEPT)
  const part = capture<KadDHTComponents, Table>(components => make(withDatastore(components, store)) as Table)
  const rendezvous = CID.parse(rendezvousOf(init.namespace))
  let catalogue: CID | undefined

  function table(): Table {
    const dht = part.get()
    if (dht.routingTable.size === 0) throw new NobodyThereError('the hash table')
    return dht
  }

  async function record(peerId: string, signal: AbortSignal): Promise<SignedAnnouncement | undefined> {
    let found: SignedAnnouncement | undefined
    for await (const event of table().get(recordKey(peerId), { signal })) {
      if (event.name === 'VALUE') found = announcementFromBytes(event.value) ?? found
    }
    return found
  }

  return {
    services: { dht: part.factory },
    source: {
      name: 'dht',
      everyMs: 5 * 60_000,
      async publish(announcement, signal) {
        const said = readAnnouncement(announcement.text)
        const serves = init.clientOnly !== true && (said?.addresses ?? []).some(isDirect)
        await part.get().setMode(serves ? 'server' : 'client')
        const dht = table()
        await drained(dht.put(recordKey(init.peerId), announcementBytes(announcement), { signal }))
        await drained(dht.provide(rendezvous, { signal }))
        const now = said && parsedCid(said.catalogue_cid)
        if (catalogue !== undefined && catalogue.toString() !== now?.toString())
          await dht.cancelReprovide(catalogue)
        catalogue = now
        if (now !== undefined) await drained(dht.provide(now, { signal }))
      },
      async find(signal) {
        const providers = new Map<string, string[]>()
        for (const cid of catalogue === undefined ? [rendezvous] : [rendezvous, catalogue]) {
          for await (const event of table().findProviders(cid, { signal })) {
            if (event.name !== 'PROVIDER') continue
            for (const { id, multiaddrs } of event.providers) {
              if (providers.size < PROVIDERS) providers.set(id.toString(), multiaddrs.map(String))
            }
          }
        }
        providers.delete(init.peerId)
        return found(providers, signal)
      },
      async lookFor(peerId, signal) {
        const announcement = await record(peerId, signal)
        if (announcement !== undefined) return [{ announcement }]
        for await (const event of table().findPeer(peerIdFromString(peerId), { signal })) {
          if (event.name === 'FINAL_PEER') return [foundAt(peerId, event.peer.multiaddrs.map(String))]
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
      close: async () => {},
    },
  }

  /** The records of a few, the unknown first; of the others the bare addresses. */
  async function found(providers: Map<string, string[]>, signal: AbortSignal): Promise<Found[]> {
    const ids = [...providers.keys()].sort((a, b) => Number(init.isKnown(a)) - Number(init.isKnown(b)))
    const asked = ids.splice(0, RECORDS)
    const all: Found[] = ids.map(id => foundAt(id, providers.get(id) ?? []))
    const one = async () => {
      for (let id = asked.shift(); id !== undefined; id = asked.shift()) {
        const announcement = await record(id, signal).catch(() => undefined)
        all.push(announcement === undefined ? foundAt(id, providers.get(id) ?? []) : { announcement })
      }
    }
    await Promise.all(Array.from({ length: RECORDS_AT_ONCE }, one))
    signal.throwIfAborted()
    return all.filter(one => 'announcement' in one || one.addresses.length > 0)
  }
}

function tableOptions({ namespace, verify }: DhtSourceInit): KadDHTInit {
  return {
    protocol: dhtProtocolOf(namespace),
    // A server only once it announces an address at which it can be dialled.
    clientMode: true,
    validators: { [RECORD_KIND]: recordValidator(verify) },
    selectors: { [RECORD_KIND]: newestRecord },
    // A mesh is small: ask three at a time, and do not wait for the tenth path.
    alpha: 3,
    disjointPaths: 2,
  }
}

/** What others have this peer keep must not fill its disk. */
function withDatastore(components: KadDHTComponents, datastore: BoundedDatastore): KadDHTComponents {
  return new Proxy(components, {
    get: (target, name) => (name === 'datastore' ? datastore : Reflect.get(target, name)),
  })
}

async function drained(events: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of events);
}

function foundAt(peer_id: string, addresses: string[]): { peer_id: string; addresses: string[] } {
  return { peer_id, addresses }
}

function isDirect(address: string): boolean {
  return !address.includes('/p2p-circuit')
}

function parsedCid(text: string): CID | undefined {
  try {
    return CID.parse(text)
  } catch {
    return undefined
  }
}
