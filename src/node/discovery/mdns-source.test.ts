import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Found } from '../../shared/mesh/discovery/discovery-source.ts'
import type { MeshHost } from '../../shared/mesh/host-contract.ts'
import { tcpHost } from '../../shared/mesh/mesh-pair.fixture.ts'
import { mdnsSource } from './mdns-source.ts'

/** Not the protocol's own port, so that no other node on this network is met. */
const PORT = 5454

const hosts: MeshHost[] = []
afterEach(() => Promise.all(hosts.splice(0).map(host => host.close())))

async function node(namespace: string): Promise<{ host: MeshHost; heard: Found[] }> {
  const { source, peerDiscovery = [] } = await mdnsSource({ namespace, port: PORT })
  const host = await tcpHost({ peerDiscovery })
  hosts.push(host)
  const heard: Found[] = []
  source.listen?.(found => heard.push(found))
  return { host, heard }
}

describe('multicast DNS', () => {
  it('lets nodes of one namespace on one network find each other', async () => {
    const a = await node('toolmesh')
    const stranger = await node('other')
    const b = await node('toolmesh')
    const addressesOf = ({ host }: { host: MeshHost }) =>
      host.addresses().map(address => address.replace(/\/p2p\/[^/]+$/, ''))
    await vi.waitFor(
      () => expect(b.heard).toContainEqual({ peer_id: a.host.peerId, addresses: addressesOf(a) }),
      { timeout: 5000 },
    )
    expect(stranger.heard).toEqual([])
  })
})
