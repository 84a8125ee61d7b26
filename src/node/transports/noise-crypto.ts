/**
 * How Noise encrypts in a node. Its own way hands OpenSSL the bytes of the key for each record, from which Node makes a key
 * object each time (12 µs, three times the encryption of a small record, Node 24); here a connection's keys become
 * objects once. The smallest records are quicker in WebAssembly, as Noise does it by itself.
 */
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import type { ICryptoInterface } from '@libp2p/noise'
import { defaultCrypto } from '@libp2p/noise/crypto'

/** RFC 8439 with a tag of 16 bytes, as Noise wants it. */
const CIPHER = 'chacha20-poly1305'
const TAG_BYTES = 16

/** Records from so many bytes on are quicker in OpenSSL. */
const OPENSSL_FROM_BYTES = 400

const keyObjects = new WeakMap<Uint8Array, KeyObject>()

export const noiseCrypto: ICryptoInterface = {
  ...defaultCrypto,

  chaCha20Poly1305Encrypt(plaintext, nonce, ad, k) {
    if (plaintext.byteLength < OPENSSL_FROM_BYTES)
      return defaultCrypto.chaCha20Poly1305Encrypt(plaintext, nonce, ad, k)
    const cipher = createCipheriv(CIPHER, keyObjectOf(k), nonce, { authTagLength: TAG_BYTES })
    cipher.setAAD(ad, { plaintextLength: plaintext.byteLength })
    // A stream cipher: all of it comes by `update`.
    const text = cipher.update(plaintext.subarray())
    cipher.final()
    return Buffer.concat([text, cipher.getAuthTag()])
  },

  /** Throws when the record was not encrypted with this key, nonce and `ad`. */
  chaCha20Poly1305Decrypt(ciphertext, nonce, ad, k, dst) {
    if (ciphertext.byteLength < OPENSSL_FROM_BYTES)
      return defaultCrypto.chaCha20Poly1305Decrypt(ciphertext, nonce, ad, k, dst)
    const bytes = ciphertext.subarray()
    const textLength = bytes.byteLength - TAG_BYTES
    const decipher = createDecipheriv(CIPHER, keyObjectOf(k), nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(ad, { plaintextLength: textLength })
    decipher.setAuthTag(bytes.subarray(textLength))
    const text = decipher.update(bytes.subarray(0, textLength))
    decipher.final()
    return text
  },
}

/** A connection's key is one array for as long as it is used. */
function keyObjectOf(key: Uint8Array): KeyObject {
  let object = keyObjects.get(key)
  if (object === undefined) {
    object = createSecretKey(key)
    keyObjects.set(key, object)
  }
  return object
}
