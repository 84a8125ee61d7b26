import { tcp } from '@libp2p/tcp'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../clock.ts'
import type { MeshHost } from '../host-contract.ts'
import { tcpHost } from '../mesh-pair.fixture.ts'
import { relayOf } from '../peers/peer-address.ts'
import { persistentRelayTransport } from '../workarounds/relay-retry.ts'
import { hiddenHost, slotOf } from './relayed-pair.fixture.ts'

const hosts: MeshHost[] = []

afterEach(async () => {
  await Promise.all(hosts.splice(0).map(host => host.close()))
})

async function kept(made: Promise<MeshHost>): Promise<MeshHost> {
  const host = await made
  hosts.push(host)
  return host
}

const connect = (host: MeshHost, relay: MeshHost) =>
  host.connect(relay.addresses(), { expect: relay.peerId, signal: AbortSignal.timeout(20_000) })

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setTimeout(resolve, 10))
}

describe('a relay slot', () => {
  it('is had at another relay when the one is lost', async () => {
    const relays = await Promise.all([1, 2].map(() => kept(tcpHost({ relayServer: true }))))
    const host = await kept(hiddenHost())
    for (const relay of relays) await connect(host, relay)
    const first = relayOf(await slotOf(host))
    const [lost, other] = relays[0]!.peerId === first ? relays : relays.toReversed()
    await lost!.close()
    await until(() => host.addresses().some(address => relayOf(address) === other!.peerId))
    expect(host.addresses().some(address => relayOf(address) === first)).toBe(false)
  })

  it('is asked only of relays that would give one', async () => {
    const [asked, other] = [
      await kept(tcpHost({ relayServer: true })),
      await kept(tcpHost({ relayServer: true })),
    ]
    const mayAsk = (peerId: string) => peerId === asked.peerId
    const host = await kept(
      hiddenHost({
        transports: [tcp(), persistentRelayTransport({ clock: systemClock, mayAsk })],
        listen: ['/p2p-circuit'],
      }),
    )
    await connect(host, other)
    await connect(host, asked)
    expect(relayOf(await slotOf(host))).toBe(asked.peerId)
  })
})
