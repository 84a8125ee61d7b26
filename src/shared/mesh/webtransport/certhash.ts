/**
 * Hashes of certificates as libp2p's addresses and its Noise extension have them: multihashes of SHA-256 over the DER form
 * (https://github.com/libp2p/specs/tree/master/webtransport).
 */
import { base64url } from 'multiformats/bases/base64'
import { decode } from 'multiformats/hashes/digest'

/** sha2-256 and its length, as a multihash begins. */
const SHA2_256 = 0x12
const DIGEST_BYTES = 32

/** The multihash of a SHA-256 digest. */
export function certhashOf(digest: Uint8Array): Uint8Array {
  return Uint8Array.of(SHA2_256, DIGEST_BYTES, ...digest)
}

/** As the value of `/certhash/` in an address: multibase base64url. */
export function formatCerthash(multihash: Uint8Array): string {
  return base64url.encode(multihash)
}

/** The multihash of a `/certhash/` value, undefined for one that no TLS stack could check: another hash than SHA-256. */
export function parseCerthash(value: string): Uint8Array | undefined {
  try {
    const { code, digest, bytes } = decode(base64url.decode(value))
    return code === SHA2_256 && digest.byteLength === DIGEST_BYTES ? bytes : undefined
  } catch {
    return undefined
  }
}

/** The SHA-256 digest inside a multihash. */
export function digestOf(multihash: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(multihash.subarray(2))
}

/** Whether every one of `some` is among `all`. */
export function areAllAmong(some: readonly Uint8Array[], all: readonly Uint8Array[]): boolean {
  const known = new Set(all.map(formatCerthash))
  return some.every(each => known.has(formatCerthash(each)))
}
