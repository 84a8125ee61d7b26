import { asCrypto, defaultCrypto } from '@libp2p/noise/crypto'
import fc from 'fast-check'
import { Uint8ArrayList } from 'uint8arraylist'
import { describe, expect, it } from 'vitest'
import { noiseCrypto } from './noise-crypto.ts'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const record = fc.record({
  key: bytes(32),
  nonce: bytes(12),
  ad: fc.uint8Array({ maxLength: 32 }),
  // Both ways, and the edge between them.
  text: fc.oneof(fc.uint8Array({ maxLength: 64 }), fc.integer({ min: 380, max: 70_000 }).map(filled)),
})

function filled(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + length) % 256)
}

/** As Noise hands records over: in pieces. */
function inPieces(whole: Uint8Array): Uint8ArrayList {
  const middle = Math.floor(whole.byteLength / 3)
  return new Uint8ArrayList(whole.subarray(0, middle), whole.subarray(middle))
}

describe('noise crypto', () => {
  it('makes the same records as the package does, and reads them', () => {
    fc.assert(
      fc.property(record, ({ key, nonce, ad, text }) => {
        const expected = Buffer.from(asCrypto.chaCha20Poly1305Encrypt(text, nonce, ad, key).subarray())
        for (const plaintext of [text, inPieces(text)]) {
          const made = noiseCrypto.chaCha20Poly1305Encrypt(plaintext, nonce, ad, key).subarray()
          expect(Buffer.from(made).equals(expected)).toBe(true)
        }
        for (const sealed of [Uint8Array.from(expected), inPieces(Uint8Array.from(expected))]) {
          const read = noiseCrypto.chaCha20Poly1305Decrypt(sealed, nonce, ad, key).subarray()
          expect(Buffer.from(read).equals(text)).toBe(true)
        }
      }),
    )
  })

  it.each([10, 5_000])('refuses a record of %i bytes that was changed anywhere', length => {
    const [key, nonce, ad] = [filled(32), filled(12), new Uint8Array(0)]
    const sealed = noiseCrypto.chaCha20Poly1305Encrypt(filled(length), nonce, ad, key).subarray()
    for (const at of [0, length - 1, length, length + 15]) {
      const forged = Uint8Array.from(sealed)
      forged[at] = (forged[at] ?? 0) ^ 1
      expect(() => noiseCrypto.chaCha20Poly1305Decrypt(forged, nonce, ad, key)).toThrow()
    }
    expect(() =>
      noiseCrypto.chaCha20Poly1305Decrypt(Uint8Array.from(sealed), filled(12).fill(1), ad, key),
    ).toThrow()
    expect(() => noiseCrypto.chaCha20Poly1305Decrypt(sealed.subarray(0, 12), nonce, ad, key)).toThrow()
  })

  it('leaves all else to the package', () => {
    expect(noiseCrypto.getHKDF).toBe(defaultCrypto.getHKDF)
    expect(noiseCrypto.generateX25519SharedKey).toBe(defaultCrypto.generateX25519SharedKey)
  })
})
