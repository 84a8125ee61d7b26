import { dhtSource } from './dht-source.ts'
import { discoverySourceCompliance } from './discovery-source.compliance.ts'
import { HubMedium, verifyTestWords } from './libp2p-medium.fixture.ts'

discoverySourceCompliance('a hash table', async () => {
  const medium = await HubMedium.start(({ peerId }) =>
    dhtSource({ namespace: 'toolmesh', peerId, verify: verifyTestWords, isKnown: () => false }),
  )
  return Object.assign(medium, { settled: async () => {} })
})
