import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { TypedEventEmitter } from '@libp2p/interface'
import { webRTC } from '@libp2p/webrtc'
import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it } from 'vitest'
import { withRelayPaths } from './relay-path.ts'
import type { TransportFactory } from './transport-factory.ts'

const RELAY = '12D3KooWEQLKE48mknBCPtP6M2mbs7jFoRrr2x2KTMpwYSURwjW6'
const PEER = '12D3KooWC2aFG1331rMHyzxhmiEmYXtAWubVdoi1cnujRKGq9S6v'
const PATH = `/ip4/192.0.2.1/tcp/443/tls/ws/http-path/p2p/p2p/${RELAY}/p2p-circuit`

function taken(factory: TransportFactory, addresses: string[]): string[] {
  const components = {
    logger: { forComponent: () => () => {} },
    events: new TypedEventEmitter(),
  }
  const transport = factory(components as unknown as Parameters<TransportFactory>[0])
  return transport.dialFilter(addresses.map(address => multiaddr(address))).map(String)
}

describe.each([
  ['the relay transport', circuitRelayTransport(), `${PATH}/p2p/${PEER}`],
  ['WebRTC', webRTC(), `${PATH}/webrtc/p2p/${PEER}`],
])('%s', (_, factory, address) => {
  it('does not take an address through a relay with a path by itself', () => {
    expect(taken(factory, [address])).toEqual([])
  })

  it('takes it now, and what it took before, and nothing else', () => {
    const plain = address.replace('/http-path/p2p', '')
    const other = [`/ip4/192.0.2.1/tcp/1/p2p/${PEER}`, '/ip4/192.0.2.1/tcp/443/ws/http-path/p2p']
    expect(taken(withRelayPaths(factory), [address, plain, ...other])).toEqual([address, plain])
  })
})
