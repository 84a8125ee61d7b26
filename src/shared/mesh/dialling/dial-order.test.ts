import { describe, expect, it } from 'vitest'
import { dialOrder } from './dial-order.ts'

const HASH = 'uEiDDq4_xNyDorZBH3TlGazyJdOWSwvo4PUo5YHFMrvDE8g'
const PEER = '12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf'
const TCP = '/ip4/10.0.0.1/tcp/1'
const TCP6 = '/ip6/fd00::1/tcp/1'
const OTHER_TCP = '/ip4/10.0.0.2/tcp/1'
const WS = '/ip4/10.0.0.1/tcp/2/ws'
const WSS = '/dns/a.example/tcp/3/tls/ws'
const DIRECT = `/ip4/10.0.0.1/udp/4/webrtc-direct/certhash/${HASH}`
const TRANSPORT = `/ip4/10.0.0.1/udp/5/quic-v1/webtransport/certhash/${HASH}`
const RELAYED = `/ip4/10.0.0.9/tcp/6/p2p/${PEER}/p2p-circuit`
const BY_RELAY = `${RELAYED}/webrtc`

describe('the order in which addresses are dialled', () => {
  it('has the best way first, from a node and from a tab, and relays last', () => {
    const all = [RELAYED, BY_RELAY, TRANSPORT, DIRECT, WSS, WS, TCP]
    expect(dialOrder(all, 'node')).toEqual([TCP, WS, WSS, TRANSPORT, DIRECT, BY_RELAY, RELAYED])
    expect(dialOrder(all, 'tab')).toEqual([TRANSPORT, DIRECT, WSS, WS, BY_RELAY, RELAYED])
  })

  it('lets ways and families take turns, each in the order given', () => {
    expect(dialOrder([TCP, OTHER_TCP, TCP6, WS], 'node')).toEqual([TCP, WS, TCP6, OTHER_TCP])
    expect(dialOrder([TCP6, TCP, OTHER_TCP], 'node')).toEqual([TCP6, TCP, OTHER_TCP])
  })

  it('names each once, and nothing that is no address', () => {
    expect(dialOrder([TCP, 'nonsense', TCP], 'node')).toEqual([TCP])
  })
})
