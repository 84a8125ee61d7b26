import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it } from 'vitest'
import { type NameResolver, resolveNames } from './name-resolution.ts'

const PEER = '12D3KooWJwf8n3xVzxVXLKT1hcz6g6uQwXkQQ3rV1KYx7bJ8s3sQ'

describe("a name that is somebody else's word", () => {
  it('is asked for so often at most, however far it leads', async () => {
    let asked = 0
    const resolver: NameResolver = {
      addresses: async () => ['192.0.2.1'],
      texts: async () => {
        const from = asked
        asked += 1
        return Array.from({ length: 32 }, (_, n) => `dnsaddr=/dnsaddr/n${from}-${n}.example`)
      },
    }
    const signal = new AbortController().signal
    const found = await resolveNames(multiaddr('/dnsaddr/example.com'), { resolver, expect: PEER, signal })
    expect(found).toEqual([])
    expect(asked).toBe(32)
  })
})
