import { z } from 'zod'
import { SOURCE_NAMES } from '../discovery/discovery-source.ts'
import { MAX_ADDRESS_CHARS, MAX_ADDRESSES } from './announcement-limits.ts'
import { readPeerAddress } from './peer-address.ts'
import type { AddressSource } from './peer-entry.ts'
import { newRecord, type PeerRecord } from './peer-record.ts'
import { readAnnouncement, signedAnnouncement } from './signed-announcement.ts'

const SOURCES = [
  ...SOURCE_NAMES,
  'announced',
  'identified',
  'connection',
] as const satisfies readonly AddressSource[]

const time = z.number().min(0)

/** A peer as it is kept over a restart. The time that it was barred for is not: it is short. */
export const savedPeer = z.object({
  peer_id: z.string().min(1).max(128),
  announcement: signedAnnouncement.exactOptional(),
  addresses: z
    .array(
      z.object({
        address: z.string().max(MAX_ADDRESS_CHARS),
        sources: z.array(z.enum(SOURCES)).max(SOURCES.length),
        heard_at: time,
        last_success: time.exactOptional(),
        last_failure: time.exactOptional(),
        failures: z.int().min(0),
        dial_ms: time.exactOptional(),
      }),
    )
    .max(4 * MAX_ADDRESSES),
  agent: z.string().max(256).exactOptional(),
  met: z.boolean(),
  first_seen: time,
  last_seen: time,
})
export type SavedPeer = z.infer<typeof savedPeer>

export function toSaved(record: PeerRecord): SavedPeer {
  const { peerId, announced, history = [], agent, met, firstSeen, lastSeen } = record
  return {
    peer_id: peerId,
    ...(announced === undefined ? {} : { announcement: announced.signed }),
    addresses: history.map(({ path, ...address }) => address),
    ...(agent === undefined ? {} : { agent }),
    met,
    first_seen: firstSeen,
    last_seen: lastSeen,
  }
}

/**
 * Signatures are not checked again: they were when the announcement was heard, and who can write where this is kept
 * can do worse.
 */
export function fromSaved(saved: SavedPeer): PeerRecord | undefined {
  const { peer_id, announcement, addresses, agent, met, first_seen, last_seen } = saved
  const said = announcement === undefined ? undefined : readAnnouncement(announcement.text)
  if (announcement !== undefined && said?.peer_id !== peer_id) return undefined
  const history = addresses.flatMap(known => {
    const read = readPeerAddress(known.address, peer_id)
    return read === undefined ? [] : [{ ...known, ...read }]
  })
  return {
    ...newRecord(peer_id, first_seen),
    announced: announcement === undefined || said === undefined ? undefined : { signed: announcement, said },
    history: history.length === 0 ? undefined : history,
    agent,
    met,
    lastSeen: last_seen,
  }
}
