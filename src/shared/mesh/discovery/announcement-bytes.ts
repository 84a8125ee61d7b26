import type { PeerAnnouncement, SignedAnnouncement } from '../peers/announcement.ts'
import { signedAnnouncement } from '../peers/signed-announcement.ts'

/** Bytes of an announcement as JSON: 4 Ki characters of text, each quote escaped, and its signature. */
export const MAX_ANNOUNCEMENT_BYTES = 12 * 1024

/** What an announcement says if it holds; undefined if not. */
export type Verify = (signed: SignedAnnouncement) => Promise<PeerAnnouncement | undefined>

/** As it travels where there are only bytes: `{"text": …, "signature": …}`. */
export function announcementBytes({ text, signature }: SignedAnnouncement): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify({ text, signature }))
}

/** By its form alone; undefined for anything else. */
export function announcementFromBytes(bytes: Uint8Array): SignedAnnouncement | undefined {
  if (bytes.byteLength > MAX_ANNOUNCEMENT_BYTES) return undefined
  try {
    const parsed = signedAnnouncement.safeParse(
      JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)),
    )
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}
