import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import * as digest from 'multiformats/hashes/digest'

const SHA2_256 = 0x12

/** CIDv1 of bytes as in artifacts/cid.ts, hashed by the platform off this thread: blobs are large. */
export async function blobCid(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return CID.createV1(raw.code, digest.create(SHA2_256, hash)).toString()
}
