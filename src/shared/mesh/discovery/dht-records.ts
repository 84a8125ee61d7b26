import type { SignedAnnouncement } from '../peers/announcement.ts'
import { readAnnouncement } from '../peers/signed-announcement.ts'
import { announcementFromBytes, type Verify } from './announcement-bytes.ts'

/** First part of a record's key, by which a hash table knows its rules. */
export const RECORD_KIND = 'toolmesh-peer'

/** Where the announcement of a peer lies: `/toolmesh-peer/<peer id>`. */
export function recordKey(peerId: string): Uint8Array {
  return new TextEncoder().encode(`/${RECORD_KIND}/${peerId}`)
}

/** A record is a peer's own announcement, under its own id, and holds. Throws for anything else, which is then not kept. */
export function recordValidator(verify: Verify): (key: Uint8Array, value: Uint8Array) => Promise<void> {
  return async (key, value) => {
    const signed = announcementFromBytes(value)
    const said = signed && (await verify(signed))
    if (said === undefined) throw new Error('the record is no announcement that holds')
    if (new TextDecoder().decode(key) !== `/${RECORD_KIND}/${said.peer_id}`)
      throw new Error(`the announcement of ${said.peer_id} lies under another key`)
  }
}

/** Of several records the one that its peer made last. */
export function newestRecord(_key: Uint8Array, records: Uint8Array[]): number {
  const seqs = records.map(record => seqOf(announcementFromBytes(record)))
  return seqs.indexOf(Math.max(...seqs))
}

function seqOf(signed: SignedAnnouncement | undefined): number {
  return (signed && readAnnouncement(signed.text)?.seq) ?? -1
}
