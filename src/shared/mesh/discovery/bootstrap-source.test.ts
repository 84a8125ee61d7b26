import { afterEach, describe, expect, it, vi } from 'vitest'
import type { MeshHost } from '../host-contract.ts'
import { tcpHost } from '../mesh-pair.fixture.ts'
import { bootstrapSource } from './bootstrap-source.ts'
import { discoverySourceCompliance } from './discovery-source.compliance.ts'

const signal = AbortSignal.timeout(60_000)
const hosts: MeshHost[] = []
afterEach(() => Promise.all(hosts.splice(0).map(host => host.close())))

async function host(options: Parameters<typeof tcpHost>[0] = {}): Promise<MeshHost> {
  const made = await tcpHost(options)
  hosts.push(made)
  return made
}

discoverySourceCompliance('peers to begin with', async () => {
  const there = await host()
  const addresses = there.addresses()
  return {
    async open() {
      const { source, peerDiscovery = [] } = await bootstrapSource({
        peers: new Map([[there.peerId, addresses]]),
      })
      await host({ peerDiscovery })
      return source
    },
    holds: [{ peer_id: there.peerId, addresses }],
    dispose: async () => {},
  }
})

describe('peers to begin with', () => {
  it('are connected without a session, and again after they were lost', async () => {
    const there = await host({ gater: { isGranted: () => false } })
    const { source, peerDiscovery = [] } = await bootstrapSource({
      peers: new Map([[there.peerId, there.addresses()]]),
    })
    const here = await host({ peerDiscovery })
    await vi.waitFor(() => expect(here.connections(there.peerId)).toBe(1))
    await there.dropPeer(here.peerId)
    await vi.waitFor(() => expect(here.connections(there.peerId)).toBe(0))
    await source.find?.(signal)
    expect(here.connections(there.peerId)).toBe(1)
    expect([here.sessions(), there.sessions()]).toEqual([[], []])
  })

  it('that are not of this mesh are connected and not told of', async () => {
    const outsider = await host()
    const { source, peerDiscovery = [] } = await bootstrapSource({
      peers: new Map(),
      outsiders: new Map([[outsider.peerId, outsider.addresses()]]),
    })
    const here = await host({ peerDiscovery })
    expect(await source.find?.(signal)).toEqual([])
    expect(here.connections(outsider.peerId)).toBe(1)
  })

  it('that do not answer are an error that names the setting', async () => {
    const gone = await host()
    const peers = new Map([[gone.peerId, gone.addresses()]])
    await gone.close()
    const { source, peerDiscovery = [] } = await bootstrapSource({ peers })
    await host({ peerDiscovery })
    await expect(source.find?.(signal)).rejects.toMatchObject({
      code: 'unavailable',
      message: 'none of 1 peers of p2p.bootstrap can be reached',
      details: { field: 'p2p.bootstrap' },
    })
  })
})
