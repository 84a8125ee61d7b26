import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { base64url } from 'multiformats/bases/base64'
import { z } from 'zod'
import { canonicalize } from '../../artifacts/canonical.ts'
import {
  ANNOUNCEMENT_DOMAIN,
  ANNOUNCEMENT_VERSION,
  type PeerAnnouncement,
  type SignedAnnouncement,
} from './announcement.ts'
import {
  CLOCK_SKEW_MS,
  MAX_ADDRESS_CHARS,
  MAX_ADDRESSES,
  MAX_ANNOUNCED_LABELS,
  MAX_ANNOUNCEMENT_CHARS,
  MAX_TTL_MS,
  MAX_WORD_CHARS,
  MIN_TTL_MS,
} from './announcement-limits.ts'
import { readPeerAddress } from './peer-address.ts'

/** Ed25519: 64 bytes in base64url. */
const SIGNATURE_CHARS = 86
/** Characters of a peer id that holds an Ed25519 key, and of a CID, with room. */
const ID_CHARS = 128

/** As it travels, before anything in it was looked at. */
export const signedAnnouncement = z.strictObject({
  text: z.string().min(2).max(MAX_ANNOUNCEMENT_CHARS),
  signature: z
    .string()
    .length(SIGNATURE_CHARS)
    .regex(/^[A-Za-z0-9_-]+$/),
}) satisfies z.ZodType<SignedAnnouncement>

const word = z.string().min(1).max(MAX_WORD_CHARS)
const count = z.int().min(0).max(1_000_000)

/** What is said; a later version of this form has another `v`, so nothing unknown is taken. */
const announcement = z.strictObject({
  v: z.literal(ANNOUNCEMENT_VERSION),
  namespace: word,
  peer_id: z.string().min(1).max(ID_CHARS),
  seq: z.int().min(0),
  issued_at: z.int().min(0),
  ttl_ms: z.int().min(MIN_TTL_MS).max(MAX_TTL_MS),
  addresses: z.array(z.string().min(1).max(MAX_ADDRESS_CHARS)).min(1).max(MAX_ADDRESSES),
  kind: z.enum(['node', 'tab']),
  agent: word,
  name: word.exactOptional(),
  labels: z.array(word).max(MAX_ANNOUNCED_LABELS),
  catalogue_cid: z.string().min(1).max(ID_CHARS),
  capacity: count,
  running: count,
  relay: z.strictObject({ stun_port: z.int().min(1).max(65_535).exactOptional() }).exactOptional(),
}) satisfies z.ZodType<PeerAnnouncement>

/** Signs what a peer says of itself. Throws `TypeError` for a key that is not of the peer, or not Ed25519. */
export async function signAnnouncement(
  said: PeerAnnouncement,
  privateKey: PrivateKey,
): Promise<SignedAnnouncement> {
  if (privateKey.type !== 'Ed25519') throw new TypeError('an announcement is signed by an Ed25519 key')
  const text = canonicalize({ ...said, ...(said.relay === undefined ? {} : { relay: { ...said.relay } }) })
  return { text, signature: base64url.baseEncode(await privateKey.sign(signedBytes(text))) }
}

export interface VerifyOptions {
  namespace: string
  /** Epoch milliseconds. */
  now: number
}

/**
 * What an announcement says, when it is of this namespace, holds now, has the one canonical form, names addresses of
 * its own peer only, and is signed by that peer: the id of an Ed25519 peer is its public key (libp2p specs,
 * peer-ids). Undefined for anything else; nothing that a stranger sends makes it throw.
 */
export async function verifyAnnouncement(
  signed: SignedAnnouncement,
  { namespace, now }: VerifyOptions,
): Promise<PeerAnnouncement | undefined> {
  if (!signedAnnouncement.safeParse(signed).success) return undefined
  const { text, signature } = signed
  const said = readAnnouncement(text)
  if (said === undefined || said.namespace !== namespace || !holds(said, now)) return undefined
  if (!said.addresses.every(address => readPeerAddress(address, said.peer_id) !== undefined)) return undefined
  try {
    const { publicKey, type } = peerIdFromString(said.peer_id)
    if (type !== 'Ed25519' || publicKey === undefined) return undefined
    return (await publicKey.verify(signedBytes(text), base64url.baseDecode(signature))) ? said : undefined
  } catch {
    return undefined
  }
}

/** What the text of an announcement says, by its form alone: neither signature nor time was looked at. */
export function readAnnouncement(text: string): PeerAnnouncement | undefined {
  if (text.length > MAX_ANNOUNCEMENT_CHARS) return undefined
  try {
    const parsed = announcement.safeParse(JSON.parse(text))
    return parsed.success && canonicalize(parsed.data) === text ? parsed.data : undefined
  } catch {
    return undefined
  }
}

/** When it ends, epoch milliseconds. */
export function expiryOf({ issued_at, ttl_ms }: Pick<PeerAnnouncement, 'issued_at' | 'ttl_ms'>): number {
  return issued_at + ttl_ms
}

function holds(said: PeerAnnouncement, now: number): boolean {
  return said.issued_at <= now + CLOCK_SKEW_MS && expiryOf(said) > now
}

function signedBytes(text: string): Uint8Array {
  return new TextEncoder().encode(ANNOUNCEMENT_DOMAIN + text)
}
