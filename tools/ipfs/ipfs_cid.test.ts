import { createCipheriv, createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TestContext, tryTool } from '../try-tool.node.ts'
import ipfsCid, { unixfsCid } from './ipfs_cid.ts'

const MIB = 1024 * 1024

/** The bytes that Kubo's tests make (test/cli/testutils/random_deterministic.go): the ChaCha20 key stream of sha256(seed). */
function kuboBytes(size: number, seed: string): Uint8Array {
  const key = createHash('sha256').update(seed).digest()
  return createCipheriv('chacha20', key, new Uint8Array(16)).update(new Uint8Array(size))
}

describe('ipfs_cid', () => {
  it.each([
    // From Kubo's test/cli/add_test.go, and the CID of the empty file.
    ['hello world', 'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e'],
    ['', 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'],
  ])('of "%s" is what ipfs add --cid-version=1 --raw-leaves prints', async (text, cid) => {
    expect(await tryTool(ipfsCid, { text })).toEqual({ cid, bytes: text.length })
  })

  it("equals Kubo's own known answers for large files, with one level of links and with two", async () => {
    const layout = { chunkBytes: MIB, links: 174 }
    const bytes = kuboBytes(175 * MIB, 'v1-seed')
    expect(await unixfsCid(bytes.subarray(0, 174 * MIB), layout)).toBe(
      'bafybeigwduxcf2aawppv3isnfeshnimkyplvw3hthxjhr2bdeje4tdaicu',
    )
    expect(await unixfsCid(bytes, layout)).toBe('bafybeidhd7lo2n2v7lta5yamob3xwhbxcczmmtmhquwhjesi35jntf7mpu')
  })

  it('of a file over 256 KiB is a dag-pb node over raw leaves, byte for byte', async () => {
    const bytes = kuboBytes(256 * 1024 + 1, 'leaf')
    const leaves = [bytes.subarray(0, 256 * 1024), bytes.subarray(256 * 1024)]
    expect((await tryTool(ipfsCid, { base64: Buffer.from(bytes).toString('base64') })).cid).toBe(
      dagPbFile(leaves),
    )
  })

  it('stays one raw block up to 256 KiB, and up to 1 MiB in the layout of 2025', async () => {
    const base64 = (size: number) => Buffer.from(kuboBytes(size, 's')).toString('base64')
    expect((await tryTool(ipfsCid, { base64: base64(256 * 1024) })).cid).toMatch(/^bafkrei/)
    expect((await tryTool(ipfsCid, { base64: base64(MIB), layout: 'unixfs-v1-2025' })).cid).toMatch(
      /^bafkrei/,
    )
    expect((await tryTool(ipfsCid, { base64: base64(MIB + 1), layout: 'unixfs-v1-2025' })).cid).toMatch(
      /^bafybei/,
    )
    expect((await tryTool(ipfsCid, { base64: base64(MIB + 1), codec: 'raw' })).cid).toMatch(/^bafkrei/)
  })

  it('reports progress on a large file', async () => {
    const context = new TestContext()
    await tryTool(ipfsCid, { base64: Buffer.alloc(600_000).toString('base64') }, context)
    expect(context.progressed.map(({ done }) => done)).toEqual([262_144, 524_288, 600_000])
  })

  it('of JSON does not depend on spaces or the order of keys', async () => {
    const one = await tryTool(ipfsCid, { text: '{"b":1, "a":[1.0]}', codec: 'json' })
    const two = await tryTool(ipfsCid, { text: '{ "a":[1],"b":1e0 }', codec: 'json' })
    expect(one).toEqual(two)
    expect(one.cid).toMatch(/^bagaaiera/)
  })

  it('refuses what is no JSON for codec json', async () => {
    const refused = tryTool(ipfsCid, { text: '{a:1}', codec: 'json' })
    await expect(refused).rejects.toMatchObject({ code: 'invalid_input' })
  })

  it('is the same for the same bytes as text and as base64', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), async text => {
        const base64 = Buffer.from(text).toString('base64')
        expect(await tryTool(ipfsCid, { text })).toEqual(await tryTool(ipfsCid, { base64 }))
      }),
      { numRuns: 30 },
    )
  })
})

/** The CID of a UnixFS file of these raw leaves, written out by the specifications of dag-pb and UnixFS. */
function dagPbFile(leaves: readonly Uint8Array[]): string {
  const total = leaves.reduce((sum, leaf) => sum + leaf.length, 0)
  const links = leaves.map(leaf => {
    const hash = field(1, Buffer.concat([Buffer.from([0x01, 0x55, 0x12, 0x20]), sha256(leaf)]))
    return field(
      2,
      Buffer.concat([hash, field(2, Buffer.alloc(0)), Buffer.from([0x18]), varint(leaf.length)]),
    )
  })
  const sizes = leaves.map(leaf => Buffer.concat([Buffer.from([0x20]), varint(leaf.length)]))
  const data = Buffer.concat([Buffer.from([0x08, 0x02, 0x18]), varint(total), ...sizes])
  const node = Buffer.concat([...links, field(1, data)])
  return `b${base32(Buffer.concat([Buffer.from([0x01, 0x70, 0x12, 0x20]), sha256(node)]))}`
}

function field(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2]), varint(bytes.length), bytes])
}

function varint(value: number): Buffer {
  return value < 0x80
    ? Buffer.from([value])
    : Buffer.concat([Buffer.from([(value & 0x7f) | 0x80]), varint(Math.floor(value / 128))])
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}

function base32(bytes: Uint8Array): string {
  const bits = Array.from(bytes, byte => byte.toString(2).padStart(8, '0')).join('')
  return (bits.match(/.{1,5}/g) ?? [])
    .map(group => 'abcdefghijklmnopqrstuvwxyz234567'[Number.parseInt(group.padEnd(5, '0'), 2)])
    .join('')
}
