import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_LISTED, parseBootstrapList } from './bootstrap-list.ts'

const ID = '12D3KooWRBhwfeP2Y9CDkFRBAZ1pmxUadH36TKuk3KtKm5XXP8mA'
const ADDRESS = `/ip4/127.0.0.1/tcp/1/p2p/${ID}`
const SIGNED = { text: '{"peer_id":"x"}', signature: 'abc' }

describe('a list of peers', () => {
  it('is a multiaddr on each line, with comments', () => {
    const text = `# first\n${ADDRESS}\r\n\n  /ip4/127.0.0.1/tcp/2  # the other\nnonsense\n`
    expect(parseBootstrapList(text)).toEqual({
      found: [{ addresses: [ADDRESS] }, { addresses: ['/ip4/127.0.0.1/tcp/2'] }],
      refused: [{ at: 'line 5', reason: expect.stringContaining('multiaddr') }],
    })
    expect(parseBootstrapList('')).toEqual({ found: [], refused: [] })
  })

  it.each<[string, unknown]>([
    ['an array of multiaddrs', [ADDRESS]],
    ['an array of peers', [{ addresses: [ADDRESS] }]],
    ['an object of peers', { peers: [{ addresses: [ADDRESS] }] }],
    ['one peer', { addresses: [ADDRESS] }],
  ])('is JSON: %s', (_, document) => {
    expect(parseBootstrapList(JSON.stringify(document))).toEqual({
      found: [{ addresses: [ADDRESS] }],
      refused: [],
    })
  })

  it('is what a node says of itself, and what nodes sign', () => {
    const own = JSON.stringify({ peerId: ID, multiaddrs: [ADDRESS], name: 'n', version: '1' })
    expect(parseBootstrapList(own)?.found).toEqual([{ peer_id: ID, addresses: [ADDRESS] }])
    for (const document of [
      SIGNED,
      [{ announcement: SIGNED }],
      { toolmesh_peers: 1, peers: { [ID]: SIGNED } },
    ])
      expect(parseBootstrapList(JSON.stringify(document))?.found).toEqual([{ announcement: SIGNED }])
  })

  it('tells of what is no peer by its place, never by its content', () => {
    const secret = 'root:x:0:0'
    expect(JSON.stringify(parseBootstrapList(`${secret}\n${secret}`))).not.toContain('root')
    const list = parseBootstrapList(JSON.stringify({ peers: [ADDRESS, secret, { addresses: [] }, null, 5] }))
    expect(list?.found).toHaveLength(1)
    expect(list?.refused.map(({ at }) => at)).toEqual(['/peers/1', '/peers/2', '/peers/3', '/peers/4'])
  })

  it('is undefined where JSON is not whole', () => {
    expect(parseBootstrapList('{"peers": [')).toBeUndefined()
    expect(parseBootstrapList(`${'['.repeat(100_000)}`)).toBeUndefined()
  })

  it('has an end', () => {
    const list = parseBootstrapList(`${ADDRESS}\n`.repeat(MAX_LISTED + 5))
    expect(list?.found).toHaveLength(MAX_LISTED)
    expect(list?.refused).toEqual([{ at: `line ${MAX_LISTED + 1}`, reason: `5 more than ${MAX_LISTED}` }])
  })

  it('of any kind is read or refused', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.array(fc.string()).map(lines => lines.join('\n')),
        ),
        text => {
          const list = parseBootstrapList(text)
          for (const found of list?.found ?? [])
            expect('addresses' in found || 'announcement' in found).toBe(true)
        },
      ),
    )
  })
})
