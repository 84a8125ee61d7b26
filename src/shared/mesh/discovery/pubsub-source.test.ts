import { gossipsub } from '@libp2p/gossipsub'
import { describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../clock.ts'
import { testPeer } from '../peers/peers.fixture.ts'
import { announcementBytes } from './announcement-bytes.ts'
import { discoverySourceCompliance } from './discovery-source.compliance.ts'
import type { Found } from './discovery-source.ts'
import { HubMedium, verifyTestWords } from './libp2p-medium.fixture.ts'
import { topicOf } from './namespace-names.ts'
import { pubsubSource } from './pubsub-source.ts'

const TOPIC = topicOf('toolmesh')
const make = () => pubsubSource({ namespace: 'toolmesh', verify: verifyTestWords, clock: systemClock })

discoverySourceCompliance('a gossip topic', () => HubMedium.start(make))

describe('a gossip topic', () => {
  it("passes on nothing that is forged, too large or of another peer's past", async () => {
    const medium = await HubMedium.start(make)
    const listener = await medium.open(await testPeer())
    const heard: Found[] = []
    listener.listen?.(found => heard.push(found))
    const attacker = await medium.openRaw(gossipsub({ globalSignaturePolicy: 'StrictNoSign' }))
    attacker.subscribe(TOPIC)
    await medium.settled()
    await vi.waitFor(() => expect(attacker.getSubscribers(TOPIC)).toHaveLength(1))
    const { says } = await testPeer()
    const [newer, older] = [await says({ seq: 2 }), await says({ seq: 1 })]
    const forged = { ...newer, text: newer.text.replace('"seq":2', '"seq":3') }
    await attacker.publish(TOPIC, announcementBytes(newer))
    await vi.waitFor(() => expect(heard).toEqual([{ announcement: newer }]))
    for (const bytes of [announcementBytes(forged), announcementBytes(older), new Uint8Array(20_000)]) {
      await attacker.publish(TOPIC, bytes)
    }
    const last = await says({ seq: 4 })
    await attacker.publish(TOPIC, announcementBytes(last))
    await vi.waitFor(() => expect(heard).toContainEqual({ announcement: last }))
    expect(heard).toHaveLength(2)
    await listener.close()
    await medium.dispose()
  })
})
