import { describe, expect, it } from 'vitest'
import { dialableAddresses } from './node-addresses.ts'

const TCP = '/ip4/127.0.0.1/tcp/4001/p2p/12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf'
const WS = '/ip4/127.0.0.1/tcp/4002/ws/p2p/12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf'
const DIRECT =
  '/ip4/127.0.0.1/udp/4003/webrtc-direct/certhash/uEiDDq4_xNyDorZBH3TlGazyJdOWSwvo4PUo5YHFMrvDE8g/p2p/12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf'
const LAN_WS = '/ip4/192.168.1.2/tcp/4002/ws/p2p/12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf'
const LAN_WSS = '/ip4/192.168.1.2/tcp/8420/tls/ws/p2p/12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf'
const LAN_DIRECT =
  '/ip4/192.168.1.2/udp/4003/webrtc-direct/certhash/uEiDDq4_xNyDorZBH3TlGazyJdOWSwvo4PUo5YHFMrvDE8g/p2p/12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf'
const OTHER_DIRECT =
  '/ip4/172.17.0.1/udp/4003/webrtc-direct/certhash/uEiDDq4_xNyDorZBH3TlGazyJdOWSwvo4PUo5YHFMrvDE8g/p2p/12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf'
const TRANSPORT =
  '/ip4/192.168.1.2/udp/4004/quic-v1/webtransport/certhash/uEiDDq4_xNyDorZBH3TlGazyJdOWSwvo4PUo5YHFMrvDE8g/p2p/12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf'

describe('dialableAddresses', () => {
  it('puts direct ways before WebSocket and leaves out what a page cannot dial', () => {
    expect(
      dialableAddresses([TCP, WS, DIRECT, LAN_WSS, TRANSPORT], new URL('http://localhost:8420')),
    ).toEqual([TRANSPORT, DIRECT, LAN_WSS, '/dns/localhost/tcp/8420/ws/http-path/p2p', WS])
  })

  it('leaves out loopback addresses, and plain WebSocket, on a page of another machine', () => {
    expect(dialableAddresses([WS, DIRECT, LAN_WS, LAN_WSS], new URL('https://192.168.1.2:8420'))).toEqual([
      '/ip4/192.168.1.2/tcp/8420/tls/ws/http-path/p2p',
      LAN_WSS,
    ])
  })

  it('prefers the host by which the page came; the ways take turns', () => {
    expect(dialableAddresses([OTHER_DIRECT, LAN_DIRECT], new URL('https://192.168.1.2:8420'))).toEqual([
      LAN_DIRECT,
      '/ip4/192.168.1.2/tcp/8420/tls/ws/http-path/p2p',
      OTHER_DIRECT,
    ])
  })

  it.each([
    ['https://mesh.example.org', '/dns/mesh.example.org/tcp/443/tls/ws/http-path/p2p'],
    ['http://127.0.0.1:8420', '/ip4/127.0.0.1/tcp/8420/ws/http-path/p2p'],
    ['http://[::1]:8420', '/ip6/::1/tcp/8420/ws/http-path/p2p'],
  ])('has the way by which the page came, once: %s', (page, own) => {
    expect(dialableAddresses([], new URL(page))).toEqual([own])
    expect(
      dialableAddresses([`${own}/p2p/12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf`], new URL(page)),
    ).toEqual([own])
  })

  it('leaves out relayed addresses', () => {
    const relayed = `${WS}/p2p-circuit/webrtc/p2p/12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf`
    expect(dialableAddresses([relayed], new URL('http://127.0.0.1:1'))).not.toContain(relayed)
  })
})
