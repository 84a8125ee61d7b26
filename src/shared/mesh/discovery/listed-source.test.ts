import { describe, expect, it } from 'vitest'
import { bootstrapPeers } from './bootstrap-peers.ts'
import { discoverySourceCompliance } from './discovery-source.compliance.ts'
import { listedSource } from './listed-source.ts'

const PEER = '12D3KooWARhoaAFGLNGjUiGXp7LgfpAMrC9VFnJaowbRc9dzhHP3'
const holds = [{ peer_id: PEER, addresses: ['/ip4/192.0.2.1/tcp/4001'] }]

discoverySourceCompliance('a list', async () => ({
  open: async () => listedSource('configured', holds),
  holds,
  dispose: async () => {},
}))

describe('addresses to begin with', () => {
  it('are sorted by the peer at their end, which stands behind a relay', () => {
    const [direct, relayed, unnamed] = [
      `/ip4/192.0.2.1/tcp/1/p2p/${PEER}`,
      `/ip4/192.0.2.9/tcp/1/p2p/12D3KooWPEfbrcbjX6mkLQ7XvWG1ZQ6XwBo6PDkp8qQJ35ZpVHTq/p2p-circuit/p2p/${PEER}`,
      '/dns4/node.example/tcp/4001',
    ]
    const peers = bootstrapPeers('p2p.bootstrap', [direct, unnamed, relayed])
    expect([...peers.named]).toEqual([[PEER, [direct, relayed]]])
    expect(peers.unnamed).toEqual([unnamed])
  })

  it('are refused with the setting, the value and what is allowed', () => {
    expect(() => bootstrapPeers('p2p.bootstrap', ['/ip4/192.0.2.1/tcp/no'])).toThrow(
      'p2p.bootstrap: got "/ip4/192.0.2.1/tcp/no", allowed: multiaddrs as /ip4/192.0.2.1/tcp/4001/p2p/12D3…',
    )
  })
})
