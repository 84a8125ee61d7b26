import { sha256 } from '@noble/hashes/sha2.js'
import type { Json } from '../tools/tool.ts'
import { canonicalBytes } from './canonical.ts'

/** CIDv1, raw codec, sha2-256, 32 bytes (https://github.com/multiformats/cid). */
const PREFIX = [0x01, 0x55, 0x12, 0x20]
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'

/** CIDv1, raw codec, sha2-256, base32 of the bytes: what `ipfs add --cid-version=1 --raw-leaves` gives a small file. */
export function cidOfBytes(bytes: Uint8Array): string {
  return cidOfDigest(sha256(bytes))
}

/** The same from the 32 bytes of a sha2-256 that was computed elsewhere, as a large body's is, piece by piece. */
export function cidOfDigest(sha256Digest: Uint8Array): string {
  // Base32 by hand (RFC 4648, lower case, no padding), as the general way costs more than the hash.
  let text = 'b'
  let bits = 0
  let held = 0
  for (let at = 0; at < PREFIX.length + sha256Digest.length; at++) {
    const byte = (at < PREFIX.length ? PREFIX[at] : sha256Digest[at - PREFIX.length]) ?? 0
    held = ((held << 8) | byte) & 0xfff
    for (bits += 8; bits >= 5; bits -= 5) text += BASE32[(held >> (bits - 5)) & 31]
  }
  return bits === 0 ? text : text + BASE32[(held << (5 - bits)) & 31]
}

/** CID of a JSON value's canonical form (RFC 8785). Throws `invalid_input` for what JSON cannot hold. */
export function cidOf(value: Json): string {
  return cidOfBytes(canonicalBytes(value))
}
