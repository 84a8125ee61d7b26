import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it } from 'vitest'
import { isWebTransportAddress, parseWebTransportAddress } from './address.ts'
import { areAllAmong, certhashOf, digestOf, formatCerthash, parseCerthash } from './certhash.ts'

const hashes = [1, 2].map(fill => certhashOf(new Uint8Array(32).fill(fill)))
const [one = '', two = ''] = hashes.map(formatCerthash)
const parse = (text: string) => parseWebTransportAddress(multiaddr(text))

describe('an address of WebTransport', () => {
  it('says host, port and hashes, of every kind of host', () => {
    const suffix = `/udp/4433/quic-v1/webtransport/certhash/${one}/certhash/${two}`
    expect(parse(`/ip4/192.0.2.1${suffix}`)).toEqual({ host: '192.0.2.1', port: 4433, certhashes: hashes })
    expect(parse(`/ip6/2001:db8::1${suffix}`)).toMatchObject({ host: '2001:db8::1' })
    expect(parse(`/dns/mesh.example.org${suffix}`)).toMatchObject({ host: 'mesh.example.org' })
    expect(parse('/dns4/mesh.example.org/udp/443/quic-v1/webtransport')).toMatchObject({ certhashes: [] })
  })

  it('is no address of anything else, nor by way of a relay', () => {
    for (const text of [
      '/ip4/127.0.0.1/udp/1/quic-v1',
      '/ip4/127.0.0.1/tcp/1/ws',
      '/ip4/127.0.0.1/udp/1/quic-v1/webtransport/p2p/12D3KooWMz7jKQm4cuasroJDyNjFipU3XytNEbPibM2the6UNcat/p2p-circuit',
    ])
      expect(isWebTransportAddress(multiaddr(text))).toBe(false)
    expect(() => parse('/ip4/127.0.0.1/tcp/1/ws')).toThrow(/WebTransport/)
  })

  it('has hashes of SHA-256 only: no TLS stack checks another', () => {
    const sha512 = formatCerthash(Uint8Array.of(0x13, 64, ...new Uint8Array(64)))
    expect(parseCerthash(sha512)).toBeUndefined()
    expect(parseCerthash('uEi')).toBeUndefined()
    expect(parseCerthash('zabc')).toBeUndefined()
    const address = multiaddr(`/ip4/127.0.0.1/udp/1/quic-v1/webtransport/certhash/${sha512}`)
    expect(() => parseWebTransportAddress(address)).toThrow(/SHA-256/)
  })
})

describe('hashes of certificates', () => {
  it('are digests with their kind before them', () => {
    const [hash = new Uint8Array()] = hashes
    expect(parseCerthash(formatCerthash(hash))).toEqual(hash)
    expect(digestOf(hash)).toEqual(new Uint8Array(32).fill(1))
  })

  it('are all a peer’s own, or it is not the peer that was dialled', () => {
    expect(areAllAmong(hashes, [...hashes].reverse())).toBe(true)
    expect(areAllAmong([], [])).toBe(true)
    expect(areAllAmong(hashes, hashes.slice(1))).toBe(false)
  })
})
