import { systemClock } from '../../clock.ts'
import { discoverySourceCompliance } from './discovery-source.compliance.ts'
import { HubMedium, verifyTestWords } from './libp2p-medium.fixture.ts'
import { pubsubSource } from './pubsub-source.ts'

const make = () => pubsubSource({ namespace: 'toolmesh', verify: verifyTestWords, clock: systemClock })

discoverySourceCompliance('a gossip topic', () => HubMedium.start(make))
