import { sha256 } from '@noble/hashes/sha2.js'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import * as digest from 'multiformats/hashes/digest'
import type { Json } from '../tools/tool.ts'
import { canonicalBytes } from './canonical.ts'

const SHA2_256 = 0x12

/** CIDv1, raw codec, sha2-256, base32 of the bytes: what `ipfs add --cid-version=1 --raw-leaves` gives a small file. */
export function cidOfBytes(bytes: Uint8Array): string {
  return cidOfDigest(sha256(bytes))
}

/** The same from the 32 bytes of a sha2-256 that was computed elsewhere, as a large body's is, piece by piece. */
export function cidOfDigest(sha256Digest: Uint8Array): string {
  return CID.createV1(raw.code, digest.create(SHA2_256, sha256Digest)).toString()
}

/** CID of a JSON value's canonical form (RFC 8785). Throws `invalid_input` for what JSON cannot hold. */
export function cidOf(value: Json): string {
  return cidOfBytes(canonicalBytes(value))
}
