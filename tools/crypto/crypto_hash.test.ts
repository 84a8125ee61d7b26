import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tryTool } from '../try-tool.node.ts'
import cryptoHash from './crypto_hash.ts'

// FIPS 180-4 and FIPS 202 examples ("abc"), RFC 1321 A.5, RFC 7693 appendix A, BLAKE3 test vectors (empty input).
const PUBLISHED = [
  ['sha-256', 'abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ['sha-256', '', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  [
    'sha-256',
    'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  ],
  [
    'sha-384',
    'abc',
    'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
  ],
  [
    'sha-512',
    'abc',
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
  ],
  ['sha3-256', 'abc', '3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532'],
  ['keccak-256', '', 'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470'],
  [
    'blake2b-512',
    'abc',
    'ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923',
  ],
  ['blake3', '', 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262'],
  ['sha-1', 'abc', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
  ['md5', 'message digest', 'f96b697d7cb7938d525a2f31aaf161d0'],
  ['ripemd-160', 'abc', '8eb208f7e05d987a9b044a8e98c6b087f15a0bfc'],
] as const

describe('crypto_hash', () => {
  it.each(PUBLISHED)('%s of "%s" is the published digest', async (algorithm, text, digest) => {
    expect(await tryTool(cryptoHash, { text, algorithm })).toMatchObject({ digest, algorithm })
  })

  it('takes sha-256 unless told otherwise and counts text as UTF-8', async () => {
    const result = await tryTool(cryptoHash, { text: 'grün' })
    expect(result).toEqual({
      digest: createHash('sha256').update('grün').digest('hex'),
      algorithm: 'sha-256',
      bytes: 5,
    })
  })

  it('hashes any bytes as OpenSSL does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), async bytes => {
        const { digest } = await tryTool(cryptoHash, { base64: Buffer.from(bytes).toString('base64') })
        expect(digest).toBe(createHash('sha256').update(bytes).digest('hex'))
      }),
      { numRuns: 50 },
    )
  })

  it.each([
    [{}, ''],
    [{ text: 'a', base64: 'YQ==' }, ''],
    [{ base64: 'not base64!' }, '/base64'],
    [{ text: 'a', algorithm: 'crc32' as 'md5' }, '/algorithm'],
  ])('refuses %j', async (input, field) => {
    await expect(tryTool(cryptoHash, input)).rejects.toMatchObject({
      code: 'invalid_input',
      details: { field },
    })
  })
})
