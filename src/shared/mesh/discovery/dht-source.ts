import { CID } from 'multiformats/cid'
import type { SignedAnnouncement } from '../peers/announcement.ts'
import { readAnnouncement } from '../peers/signed-announcement.ts'
import { announcementBytes, announcementFromBytes, type Verify } from './announcement-bytes.ts'
import { dhtPart, drained } from './dht-part.ts'
import { newestRecord, RECORD_KIND, recordKey, recordValidator } from './dht-records.ts'
import type { Found } from './discovery-source.ts'
import type { Libp2pSource } from './libp2p-source.ts'
import { dhtProtocolOf, rendezvousOf } from './namespace-names.ts'

/** Records that one look asks for, and how many at once. */
const RECORDS = 32
const RECORDS_AT_ONCE = 4

export interface DhtSourceInit {
  namespace: string
  peerId: string
  verify: Verify
  /** Whether a peer's announcement is known already: those that are not are asked for first. */
  isKnown: (peerId: string) => boolean
}

/**
 * A Kademlia hash table of the peers of this namespace alone (libp2p kad-dht). Each peer keeps its announcement there as a
 * record, and provides two CIDs: that of the namespace, by which all are found, and that of its catalogue, by which those
 * with the same tools are. A peer that others can dial serves the table, another one only asks.
 */
export async function dhtSource({
  namespace,
  peerId,
  verify,
  isKnown,
}: DhtSourceInit): Promise<Libp2pSource> {
  const { passthroughMapper } = await import('@libp2p/kad-dht')
  const part = await dhtPart(
    {
      protocol: dhtProtocolOf(namespace),
      // A server only once it announces an address at which it can be dialled.
      clientMode: true,
      validators: { [RECORD_KIND]: recordValidator(verify) },
      selectors: { [RECORD_KIND]: newestRecord },
      peerInfoMapper: passthroughMapper,
    },
    'the hash table',
  )
  const rendezvous = CID.parse(rendezvousOf(namespace))
  let catalogue: CID | undefined

  async function record(id: string, signal: AbortSignal): Promise<SignedAnnouncement | undefined> {
    let found: SignedAnnouncement | undefined
    for await (const event of part.table().get(recordKey(id), { signal })) {
      if (event.name === 'VALUE') found = announcementFromBytes(event.value) ?? found
    }
    return found
  }

  /** The records of a few, the unknown first; of the others the bare addresses. */
  async function found(providers: Map<string, string[]>, signal: AbortSignal): Promise<Found[]> {
    const ids = [...providers.keys()].sort((a, b) => Number(isKnown(a)) - Number(isKnown(b)))
    const asked = ids.splice(0, RECORDS)
    const at = (id: string) => ({ peer_id: id, addresses: providers.get(id) ?? [] })
    const all: Found[] = ids.map(at)
    const one = async () => {
      for (let id = asked.shift(); id !== undefined; id = asked.shift()) {
        const announcement = await record(id, signal).catch(() => undefined)
        all.push(announcement === undefined ? at(id) : { announcement })
      }
    }
    await Promise.all(Array.from({ length: RECORDS_AT_ONCE }, one))
    signal.throwIfAborted()
    return all.filter(one => 'announcement' in one || one.addresses.length > 0)
  }

  return {
    services: { dht: part.factory },
    source: {
      name: 'dht',
      everyMs: 5 * 60_000,
      async publish(announcement, signal) {
        const said = readAnnouncement(announcement.text)
        await part.get().setMode(said?.addresses.some(isDirect) ? 'server' : 'client')
        const dht = part.table()
        await drained(dht.put(recordKey(peerId), announcementBytes(announcement), { signal }))
        await drained(dht.provide(rendezvous, { signal }))
        const now = said && parsedCid(said.catalogue_cid)
        if (catalogue !== undefined && catalogue.toString() !== now?.toString())
          await dht.cancelReprovide(catalogue)
        catalogue = now
        if (now !== undefined) await drained(dht.provide(now, { signal }))
      },
      async find(signal) {
        const cids = catalogue === undefined ? [rendezvous] : [rendezvous, catalogue]
        const providers = await part.providers(cids, signal)
        providers.delete(peerId)
        return found(providers, signal)
      },
      async lookFor(id, signal) {
        const announcement = await record(id, signal)
        if (announcement !== undefined) return [{ announcement }]
        return part.peer(id, signal)
      },
      onReady: part.onReady,
      close: async () => {},
    },
  }
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
