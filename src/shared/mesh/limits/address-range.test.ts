import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it } from 'vitest'
import { rangeOf, rangeOfIp } from './address-range.ts'

describe('the range of an address', () => {
  it.each([
    ['203.0.113.77', 'public', '203.0.113.0/24'],
    ['::ffff:203.0.113.77', 'public', '203.0.113.0/24'],
    ['2001:db8:12:34::5', 'public', '2001:db8:12::/48'],
    ['2001:db8::', 'public', '2001:db8:0::/48'],
    ['192.168.1.7', 'private', '192.168.1.7'],
    ['10.255.0.1', 'private', '10.255.0.1'],
    ['172.31.0.1', 'private', '172.31.0.1'],
    ['172.32.0.1', 'public', '172.32.0.0/24'],
    ['100.64.3.4', 'private', '100.64.3.4'],
    ['169.254.1.1', 'private', '169.254.1.1'],
    ['fe80::1%eth0', 'private', 'fe80:0:0:0:0:0:0:1'],
    ['fd12:3456::7', 'private', 'fd12:3456:0:0:0:0:0:7'],
    ['127.0.0.9', 'open', 'open'],
    ['::1', 'open', 'open'],
    ['no address', 'open', 'open'],
    ['1:2:3', 'open', 'open'],
  ])('%s counts as %s %s', (ip, kind, key) => {
    expect(rangeOfIp(ip)).toEqual({ kind, key })
  })

  it('is that of the peer, never that of a relay between', () => {
    const relay = '12D3KooWGzBzKqZpCQTDU8DTsYSoGZqXrG1cbK1QBXGZxCAMFDBK'
    expect(rangeOf(multiaddr('/ip4/203.0.113.7/tcp/9/ws')).key).toBe('203.0.113.0/24')
    expect(rangeOf(multiaddr('/ip4/203.0.113.7/udp/9/webrtc-direct')).key).toBe('203.0.113.0/24')
    expect(rangeOf(multiaddr(`/ip4/203.0.113.7/tcp/9/p2p/${relay}/p2p-circuit`)).kind).toBe('open')
    expect(rangeOf(multiaddr('/webrtc')).kind).toBe('open')
    expect(rangeOf(multiaddr('/dns4/example.com/tcp/9')).kind).toBe('open')
  })
})
