import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { base64url } from 'multiformats/bases/base64'

/** Fills the array with random bytes that nobody can guess, as `crypto.getRandomValues` does. */
export type RandomFill = (bytes: Uint8Array<ArrayBuffer>) => unknown

/** An invite's secret: short enough for a QR code, too long to guess. */
export const INVITE_SECRET_BYTES = 16
/** A bearer's secret: it travels with every request and lives longer than a link is looked at. */
export const TOKEN_SECRET_BYTES = 32
/** An id names a record and protects nothing. */
const ID_BYTES = 8

/** Random bytes in base64url without padding. */
export function newSecret(random: RandomFill, bytes: number): string {
  const secret = new Uint8Array(bytes)
  random(secret)
  return base64url.baseEncode(secret)
}

/** A new id, in hex: a person types it behind a command, where a leading `-` would be a flag. */
export function newId(random: RandomFill): string {
  const id = new Uint8Array(ID_BYTES)
  random(id)
  return bytesToHex(id)
}

/**
 * What is stored of a secret: SHA-256 in hex. A fast hash does, as the secret is random and not a password;
 * looking a secret up by its hash tells nothing about it by the time it takes.
 */
export function hashSecret(secret: string): string {
  return bytesToHex(sha256(utf8ToBytes(secret)))
}
