import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { tcp } from '@libp2p/tcp'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../clock.ts'
import type { MeshHost, MeshHostOptions } from '../host-contract.ts'
import { openSession, tcpHost } from '../mesh-pair.fixture.ts'
import { persistentRelayTransport } from './relay-retry.ts'
import type { TransportFactory } from './transport-factory.ts'

const hosts: MeshHost[] = []

afterEach(async () => {
  await Promise.all(hosts.splice(0).map(made => made.close()))
})

async function host(options: Partial<MeshHostOptions> = {}): Promise<MeshHost> {
  const made = await tcpHost(options)
  hosts.push(made)
  return made
}

interface AsksRelays {
  reservationStore: { addRelay(...args: unknown[]): Promise<unknown> }
}

/** The transport, which tells when it has asked a relay for a slot and been answered. */
function whenAsked(factory: TransportFactory, tell: () => void): TransportFactory {
  return components => {
    const transport = factory(components) as ReturnType<TransportFactory> & AsksRelays
    const { reservationStore: store } = transport
    const addRelay = store.addRelay.bind(store)
    store.addRelay = (...args) => addRelay(...args).finally(tell)
    return transport
  }
}

/** Whether a peer has a slot in two seconds at a relay that refused it first, and would give it one then. */
async function getsSlot(factory: TransportFactory): Promise<boolean> {
  let isGranted = false
  const asked = Promise.withResolvers<void>()
  const relay = await host({
    relayServer: true,
    gater: { isGranted: () => isGranted },
    limits: { ungrantedMs: 60_000 },
  })
  const watched = whenAsked(factory, asked.resolve)
  const peer = await host({ transports: [tcp(), watched], listen: ['/p2p-circuit'] })
  await openSession(peer, relay)
  await asked.promise
  isGranted = true
  const until = performance.now() + 2000
  while (peer.addresses().length === 0 && performance.now() < until)
    await new Promise(resolve => setTimeout(resolve, 20))
  return peer.addresses().length > 0
}

describe('a relay that refused a slot at first', () => {
  it('is still never asked again by @libp2p/circuit-relay-v2, which is why it is', async () => {
    expect(await getsSlot(circuitRelayTransport())).toBe(false)
  })

  it('is asked again', async () => {
    expect(await getsSlot(persistentRelayTransport({ clock: systemClock }))).toBe(true)
  })
})
