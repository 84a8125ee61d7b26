import { describe, expect, it } from 'vitest'
import { dialableAddresses } from './node-addresses.ts'

const TCP = '/ip4/127.0.0.1/tcp/4001/p2p/x'
const WS = '/ip4/127.0.0.1/tcp/4002/ws/p2p/x'
const DIRECT = '/ip4/127.0.0.1/udp/4003/webrtc-direct/certhash/uEi/p2p/x'
const LAN_WSS = '/ip4/192.168.1.2/tcp/8420/tls/ws/p2p/x'
const TRANSPORT = '/ip4/192.168.1.2/udp/4004/quic-v1/webtransport/certhash/uEi/p2p/x'

describe('dialableAddresses', () => {
  it('puts direct ways before WebSocket and leaves out what a page cannot dial', () => {
    expect(dialableAddresses([TCP, WS, DIRECT, LAN_WSS, TRANSPORT], 'localhost')).toEqual([
      TRANSPORT,
      DIRECT,
      LAN_WSS,
      WS,
    ])
  })

  it('leaves out loopback addresses on a page from another machine', () => {
    expect(dialableAddresses([WS, DIRECT, LAN_WSS], '192.168.1.2')).toEqual([LAN_WSS])
  })

  it('leaves out relayed addresses', () => {
    expect(dialableAddresses([`${WS}/p2p-circuit/webrtc/p2p/y`], '127.0.0.1')).toEqual([])
  })
})
