import { blake2b } from '@noble/hashes/blake2.js'
import { blake3 } from '@noble/hashes/blake3.js'
import { md5, ripemd160, sha1 } from '@noble/hashes/legacy.js'
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import { keccak_256, sha3_256, sha3_512 } from '@noble/hashes/sha3.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { z } from 'zod'
import { bytesOfContent, contentFields, exactlyOneContent } from '../../src/shared/tools/content.ts'
import { defineTool, EVERYWHERE, PURE } from '../../src/shared/tools/define-tool.ts'

const HASHES = {
  'sha-256': sha256,
  'sha-384': sha384,
  'sha-512': sha512,
  'sha3-256': sha3_256,
  'sha3-512': sha3_512,
  'keccak-256': keccak_256,
  'blake2b-512': blake2b,
  blake3: blake3,
  'sha-1': sha1,
  md5: md5,
  'ripemd-160': ripemd160,
} as const

const algorithm = z.enum(Object.keys(HASHES) as (keyof typeof HASHES)[])

export default defineTool({
  name: 'crypto_hash',
  category: 'crypto',
  title: 'Hash text or bytes',
  description:
    'Computes the cryptographic hash (digest, checksum, fingerprint) of a text or of the bytes of a file, as hexadecimal. ' +
    'Algorithms: SHA-2, SHA-3, Keccak, BLAKE2b, BLAKE3, and SHA-1, MD5 and RIPEMD-160 for checking old checksums.',
  effects: PURE,
  platforms: EVERYWHERE,
  inlineMaxBytes: 16 * 1024,
  input: z
    .strictObject({
      ...contentFields('What to hash'),
      algorithm: algorithm
        .default('sha-256')
        .describe('Hash function; sha-1, md5 and ripemd-160 are not collision resistant'),
    })
    .refine(...exactlyOneContent),
  output: z.object({
    digest: z.string().describe('The digest, lower-case hexadecimal'),
    algorithm: algorithm.describe('The hash function that was used'),
    bytes: z.int().describe('Number of bytes that were hashed (text counts as UTF-8)'),
  }),
  run(input) {
    const bytes = bytesOfContent(input)
    return {
      digest: bytesToHex(HASHES[input.algorithm](bytes)),
      algorithm: input.algorithm,
      bytes: bytes.length,
    }
  },
})
