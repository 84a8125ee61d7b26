import { expect, it } from 'vitest'
import { testPeer } from '../peers/peers.fixture.ts'
import { discoverySourceCompliance } from './discovery-source.compliance.ts'
import { type WellKnown, wellKnownSource } from './well-known-source.ts'

const { peerId, says } = await testPeer()
const announcement = await says()
const told: WellKnown = { peerId, multiaddrs: ['/ip4/192.0.2.1/tcp/4001'], announcement }
const holds = [{ announcement }, { peer_id: peerId, addresses: told.multiaddrs }]

async function ask(origin: string): Promise<WellKnown> {
  if (origin === 'https://gone.example') throw new Error('nobody answers')
  return told
}

discoverySourceCompliance('well-known files', async () => ({
  open: async () => wellKnownSource({ origins: ['https://gone.example', 'https://a.example'], ask }),
  holds,
  dispose: async () => {},
}))

it('fails when none of the origins answers', async () => {
  const source = wellKnownSource({ origins: ['https://gone.example'], ask })
  await expect(source.find?.(AbortSignal.timeout(1000))).rejects.toThrow('nobody answers')
})
