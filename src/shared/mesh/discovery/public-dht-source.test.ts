import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { afterEach, expect, it, vi } from 'vitest'
import type { MeshHost } from '../host-contract.ts'
import { tcpHost } from '../mesh-pair.fixture.ts'
import { testPeer } from '../peers/peers.fixture.ts'
import { bootstrapSource } from './bootstrap-source.ts'
import { PUBLIC_DHT_PROTOCOL, publicDhtSource } from './public-dht-source.ts'

const signal = AbortSignal.timeout(60_000)
const hosts: MeshHost[] = []
afterEach(() => Promise.all(hosts.splice(0).map(host => host.close())))

async function publicNode(): Promise<MeshHost> {
  const dht = kadDHT({ protocol: PUBLIC_DHT_PROTOCOL, clientMode: false, peerInfoMapper: passthroughMapper })
  const host = await tcpHost({ services: { dht } })
  hosts.push(host)
  return host
}

it('lets peers of a namespace find each other through nodes that are not of the mesh', async () => {
  const stranger = await publicNode()
  const outsiders = new Map([[stranger.peerId, stranger.addresses()]])
  async function join(namespace: string) {
    const { privateKey, peerId, says } = await testPeer()
    const toStranger = await bootstrapSource({ peers: new Map(), outsiders })
    const { source, services } = await publicDhtSource({
      namespace,
      peerId,
      peerInfoMapper: passthroughMapper,
    })
    const peerDiscovery = toStranger.peerDiscovery ?? []
    const host = await tcpHost({ privateKey, services: services ?? {}, peerDiscovery })
    hosts.push(host)
    await expect(source.find?.(signal)).rejects.toThrow(
      'no connected peer takes part in the public hash table',
    )
    await toStranger.source.find?.(signal)
    await vi.waitFor(async () => source.publish?.(await says(), signal), { timeout: 10_000 })
    return { host, source }
  }
  const [a, b, other] = [await join('toolmesh'), await join('toolmesh'), await join('other')]
  const addresses = b.host.addresses().map(address => address.replace(/\/p2p\/[^/]+$/, ''))
  await vi.waitFor(async () =>
    expect(await a.source.find?.(signal)).toEqual([{ peer_id: b.host.peerId, addresses }]),
  )
  expect(await other.source.find?.(signal)).toEqual([])
  expect(await a.source.lookFor?.(b.host.peerId, signal)).toMatchObject([{ peer_id: b.host.peerId }])
})
