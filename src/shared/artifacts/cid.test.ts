import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { describe, expect, it } from 'vitest'
import type { Json } from '../tools/tool.ts'
import { canonicalize } from './canonical.ts'
import { cidOf, cidOfBytes, cidOfDigest } from './cid.ts'

// Golden vectors of the MCP++ specification (conformance/vectors/mcpp-jcs-v1): canonical text and its CID.
const GOLDEN: [text: string, cid: string][] = [
  ['{}', 'bafkreicecnx2gvntm6fbcrvnc336qze6st5u7qq7457igegamd3bzkx7ri'],
  ['{"outer":{}}', 'bafkreiajoei6sqjoemhzcpyyra2jbwgyoo66fft7qzdu73mpcm3rjktrem'],
  ['{"a":1,"b":2,"c":3}', 'bafkreihgum4f7n34fb5hclt7ibvekfzh6brfaqmch3hshpvh5443fy4yau'],
  ['{"a":null,"b":1}', 'bafkreigax6bk2a3mwcs2aplhlha3pofr64fdtmzn3fxnhf34p4udd3r3ky'],
  ['{"items":[null,false,true]}', 'bafkreid2zgp2elerhabe3b4c7jc6jar2kuzk7mzo4m3doymeyqf5nm7hyy'],
  [
    '{"a":{"x":0,"y":{"a":1,"b":2,"c":3}},"m":[{"j":1,"k":2},{"a":0,"b":1}],"z":{"a":1,"b":2}}',
    'bafkreibdzn4yjiezugokydw7vyqwcjshrancuflfwcx5os2ivggp7fw77i',
  ],
  [
    '{"values":[0,0,1,-1,4.5,0.002,1e+30,1e-27,9007199254740991,-9007199254740991]}',
    'bafkreifz2r4scza473dra6mc3r772ldgbkan3g6bynk6cvfu6otxq5fcua',
  ],
]

// Golden vector "RFC 8785 sample".
const SAMPLE = String.raw`{
  "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
  "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
  "literals": [null, true, false]
}`

describe('cidOf', () => {
  it.each(GOLDEN)('of %s is the published CID', (text, cid) => {
    const value: Json = JSON.parse(text)
    expect(canonicalize(value)).toBe(text)
    expect(cidOf(value)).toBe(cid)
  })

  it('of the RFC 8785 sample is the published CID', () => {
    expect(cidOf(JSON.parse(SAMPLE))).toBe('bafkreibnlya2gggq6cdzvnliys7crheld5so7cjbuu6ge56v4buzpc5kzm')
  })

  it('is the same for minus zero and zero', () => {
    expect(cidOf({ n: -0 })).toBe(cidOf({ n: 0 }))
  })

  it('always has the form of CIDv1, raw, sha2-256, base32', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        expect(cidOf(value as Json)).toMatch(/^bafkrei[a-z2-7]{52}$/)
      }),
    )
  })
})

describe('cidOfDigest', () => {
  it('is read back by the library of CIDs as what it was made of', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), digest => {
        const cid = CID.parse(cidOfDigest(digest))
        expect(cid.toString()).toBe(cidOfDigest(digest))
        expect([cid.version, cid.code, cid.multihash.code]).toEqual([1, 0x55, 0x12])
        expect(cid.multihash.digest).toEqual(digest)
      }),
    )
  })
})

describe('cidOfBytes', () => {
  it('is what ipfs add --cid-version=1 --raw-leaves prints for a small file', () => {
    expect(cidOfBytes(new Uint8Array())).toBe('bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku')
  })
})
