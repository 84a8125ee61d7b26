import { afterEach, describe, expect, it } from 'vitest'
import { nodeTransports } from '../../node/transports/node-transports.ts'
import { ManualClock } from '../clock.ts'
import type { MeshHost, MeshHostOptions } from './host-contract.ts'
import { openSession, tcpHost } from './mesh-pair.fixture.ts'

const hosts: MeshHost[] = []

afterEach(async () => {
  await Promise.all(hosts.splice(0).map(made => made.close()))
})

async function host(options: Partial<MeshHostOptions> = {}): Promise<MeshHost> {
  const made = await tcpHost(options)
  hosts.push(made)
  return made
}

describe('the connection of a session that has ended', () => {
  it('is closed by its dialler when nothing else uses it, unless a session begins on it again', async () => {
    const clock = new ManualClock()
    const [left, right] = [await host({ clock }), await host()]
    const { dialled } = await openSession(left, right)
    await dialled.close()
    await expect.poll(() => right.sessions()).toEqual([])
    const next = await left.connect([], { expect: right.peerId, signal: AbortSignal.timeout(10_000) })
    await clock.advance(5_000)
    expect(left.connections(right.peerId)).toBe(1)
    await next.close()
    await clock.advance(20_000)
    await expect.poll(() => left.connections(right.peerId) + right.connections(left.peerId)).toBe(0)
  })

  it('stays while there is a relay slot by it', async () => {
    const clock = new ManualClock()
    const relay = await host({ relayServer: true })
    const left = await host({ clock, transports: nodeTransports(), listen: ['/p2p-circuit'] })
    const { dialled } = await openSession(left, relay)
    await expect
      .poll(async () => {
        await clock.advance(500)
        return left.addresses().some(address => address.includes('/p2p-circuit'))
      })
      .toBe(true)
    await dialled.close()
    await clock.advance(60_000)
    expect(left.connections(relay.peerId)).toBe(1)
  })
})
