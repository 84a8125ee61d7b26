import type { GossipSub, GossipSubComponents } from '@libp2p/gossipsub'
import { expect, vi } from 'vitest'
import type { MeshHost } from '../host-contract.ts'
import { tcpHost } from '../mesh-pair.fixture.ts'
import { TEST_TIME, type TestPeer, testPeer } from '../peers/peers.fixture.ts'
import { verifyAnnouncement } from '../peers/signed-announcement.ts'
import type { Verify } from './announcement-bytes.ts'
import { bootstrapSource } from './bootstrap-source.ts'
import type { Medium } from './discovery-source.compliance.ts'
import type { DiscoverySource } from './discovery-source.ts'
import { capture, type Libp2pSource } from './libp2p-source.ts'
import { topicOf } from './namespace-names.ts'

/** Announcements of test peers hold. */
export const verifyTestWords: Verify = signed =>
  verifyAnnouncement(signed, { namespace: 'toolmesh', now: TEST_TIME })

/** Peers that know nothing but one hub, which they reach by libp2p's bootstrap module. */
export class HubMedium implements Medium {
  readonly forgets = false
  readonly #make: (peer: TestPeer) => Promise<Libp2pSource>
  readonly #hosts: MeshHost[] = []
  readonly #hub: MeshHost
  readonly #hubSource: DiscoverySource
  readonly #neighbours: () => number
  #stop: (() => void) | undefined

  private constructor(
    make: (peer: TestPeer) => Promise<Libp2pSource>,
    hub: MeshHost,
    source: DiscoverySource,
    neighbours: () => number,
  ) {
    this.#make = make
    this.#neighbours = neighbours
    this.#hub = hub
    this.#hubSource = source
    this.#stop = source.listen?.(() => {})
  }

  static async start(make: (peer: TestPeer) => Promise<Libp2pSource>): Promise<HubMedium> {
    const peer = await testPeer()
    const { source, ...parts } = await make(peer)
    let gossip: GossipSub | undefined
    const pubsub = parts.services?.pubsub as ((components: never) => GossipSub) | undefined
    const services = {
      ...parts.services,
      ...(pubsub === undefined ? {} : { pubsub: (components: never) => (gossip = pubsub(components)) }),
    }
    const hub = await tcpHost({ ...parts, services, privateKey: peer.privateKey })
    // Nobody is there yet to hear it; a hash table serves from then on.
    await source.publish?.(await peer.says(), AbortSignal.timeout(5000)).catch(() => {})
    return new HubMedium(make, hub, source, () => neighboursOf(gossip))
  }

  settled(): Promise<void> {
    return vi.waitFor(() => expect(this.#neighbours()).toBe(this.#hosts.length), { timeout: 10_000 })
  }

  async open(peer: TestPeer): Promise<DiscoverySource> {
    const { source, services = {} } = await this.#make(peer)
    await this.#join(services, peer)
    return source
  }

  /** One that takes part in the topic by whatever rules it likes. */
  async openRaw(factory: (components: GossipSubComponents) => GossipSub): Promise<GossipSub> {
    const part = capture(factory)
    await this.#join({ pubsub: part.factory }, await testPeer())
    return part.get()
  }

  async #join(services: NonNullable<Libp2pSource['services']>, { privateKey }: TestPeer): Promise<void> {
    const toHub = await bootstrapSource({ peers: new Map([[this.#hub.peerId, this.#hub.addresses()]]) })
    const host = await tcpHost({ services, peerDiscovery: toHub.peerDiscovery ?? [], privateKey })
    this.#hosts.push(host)
    await toHub.source.find?.(AbortSignal.timeout(5000))
  }

  async dispose(): Promise<void> {
    this.#stop?.()
    await this.#hubSource.close()
    await Promise.all([...this.#hosts, this.#hub].map(host => host.close()))
  }
}

/** Those to whom a topic's messages go at once: who is only subscribed is taken in with the next heartbeat. */
function neighboursOf(gossip: GossipSub | undefined): number {
  const mesh =
    gossip !== undefined && 'mesh' in gossip && gossip.mesh instanceof Map ? gossip.mesh : undefined
  return mesh?.get(topicOf('toolmesh'))?.size ?? 0
}
