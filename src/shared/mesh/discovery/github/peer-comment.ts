import type { SignedAnnouncement } from '../../peers/announcement.ts'
import { expiryOf, readAnnouncement, signedAnnouncement } from '../../peers/signed-announcement.ts'

/** The line in the text of the issue in which the peers of a namespace announce themselves. */
export function issueMarker(namespace: string): string {
  return `<!-- toolmesh-registry:${namespace} -->`
}

/** First line of a peer's comment. */
export function commentMarker(namespace: string, peerId: string): string {
  return `<!-- toolmesh-peer:${namespace}:${peerId} -->`
}

/** A comment as a peer writes it: the marker, a line for people, and the announcement as JSON in one line. */
export function peerComment(
  namespace: string,
  peerId: string,
  { text, signature }: SignedAnnouncement,
): string {
  const said = readAnnouncement(text)
  const until = said === undefined ? '' : ` until ${new Date(expiryOf(said)).toISOString()}`
  return [
    commentMarker(namespace, peerId),
    `Peer \`${peerId}\` of the mesh \`${namespace}\`${until}. Kept by toolmesh.`,
    '',
    '```json',
    JSON.stringify({ text, signature }),
    '```',
  ].join('\n')
}

export interface ReadComment {
  peerId: string
  announcement: SignedAnnouncement | undefined
}

/** What a comment says; undefined for one that is not of a peer of this namespace. Anybody may have written it. */
export function readComment(namespace: string, body: string): ReadComment | undefined {
  const [first = ''] = body.split(/\r?\n/, 1)
  const peerId = MARKER.exec(first)?.groups
  if (peerId?.namespace !== namespace || peerId.peer === undefined) return undefined
  return { peerId: peerId.peer, announcement: announcementIn(body) }
}

const MARKER = /^<!-- toolmesh-peer:(?<namespace>[a-z0-9-]{1,32}):(?<peer>[1-9A-HJ-NP-Za-km-z]{40,64}) -->$/
const JSON_BLOCK = /^```json\r?\n(?<json>.*)\r?\n```/m

function announcementIn(body: string): SignedAnnouncement | undefined {
  try {
    const parsed = signedAnnouncement.safeParse(JSON.parse(JSON_BLOCK.exec(body)?.groups?.json ?? 'null'))
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}
