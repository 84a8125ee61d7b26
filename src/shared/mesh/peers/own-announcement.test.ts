import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../clock.ts'
import { silentLogger } from '../../logger.ts'
import { MAX_ANNOUNCEMENT_CHARS } from './announcement-limits.ts'
import { OwnAnnouncement, type OwnAnnouncementInit, type OwnFacts } from './own-announcement.ts'
import { TEST_TIME, testPeer } from './peers.fixture.ts'
import { readAnnouncement, verifyAnnouncement } from './signed-announcement.ts'

const RELAY = '12D3KooWPQmh4c2ojyD83S7GijVZhTn1q7NzSHHdbn85KdaCqUxP'
const peer = await testPeer()

function testOwn(changes: Partial<OwnAnnouncementInit> = {}) {
  const clock = new ManualClock(TEST_TIME)
  const facts: OwnFacts = {
    addresses: [
      '/ip4/192.0.2.7/tcp/4001',
      '/ip4/0.0.0.0/tcp/4001',
      `/ip4/192.0.2.7/tcp/4001/p2p/${peer.peerId}`,
    ],
    labels: ['kind:node'],
    catalogue_cid: 'bafkreicatalogue',
    capacity: 4,
    running: 0,
  }
  const own = new OwnAnnouncement({
    privateKey: peer.privateKey,
    namespace: () => 'toolmesh',
    kind: 'node',
    agent: 'toolmesh/0.1.0 node',
    name: 'kitchen',
    facts: () => facts,
    clock,
    logger: silentLogger,
    ...changes,
  })
  let changed = 0
  own.onChange(() => {
    changed += 1
  })
  const said = () => readAnnouncement(own.current()?.text ?? '')
  /** Signing takes turns of its own. */
  const pass = async (ms: number) => {
    await clock.advance(ms)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  return { own, clock, facts, said, pass, changed: () => changed }
}

describe('what this peer says of itself', () => {
  it('is signed once it has settled, with the addresses that others can dial', async () => {
    const { own, clock, said, pass } = testOwn()
    expect(own.current()).toBeUndefined()
    await pass(1000)
    expect(said()).toMatchObject({
      addresses: ['/ip4/192.0.2.7/tcp/4001'],
      name: 'kitchen',
      ttl_ms: 1_800_000,
    })
    const signed = own.current()
    if (signed === undefined) throw new Error('nothing was said')
    expect(await verifyAnnouncement(signed, { namespace: 'toolmesh', now: clock.now() })).toBeDefined()
    own.close()
  })

  it('is said anew when something of it changes, at most every 15 s, and not for the load alone', async () => {
    const { own, facts, said, pass, changed } = testOwn()
    await pass(1000)
    facts.running = 3
    own.changed()
    await pass(15_000)
    expect(changed()).toBe(1)
    facts.capacity = 8
    own.changed()
    await pass(1000)
    expect(said()).toMatchObject({ capacity: 8, running: 3 })
    facts.capacity = 9
    own.changed()
    await pass(14_999)
    expect(changed()).toBe(2)
    await pass(1)
    expect(said()?.capacity).toBe(9)
    own.close()
  })

  it('is renewed before it ends, with a number that only grows', async () => {
    const { own, said, pass, clock } = testOwn({ lastSeq: TEST_TIME + 1_000_000_000 })
    await pass(1000)
    const first = said()?.seq
    expect(first).toBe(TEST_TIME + 1_000_000_001)
    clock.setWall(-3_600_000)
    await pass(15 * 60_000)
    expect(said()?.seq).toBe(TEST_TIME + 1_000_000_002)
    expect(own.seq).toBe(said()?.seq)
    own.close()
  })

  it('is nothing while no address can be reached', async () => {
    const { own, facts, pass, changed } = testOwn()
    await pass(1000)
    facts.addresses = ['/ip4/0.0.0.0/tcp/4001']
    own.changed()
    await pass(15_000)
    expect(own.current()).toBeUndefined()
    expect(changed()).toBe(2)
    facts.addresses = ['/ip4/192.0.2.8/tcp/4001']
    own.changed()
    await pass(15_000)
    expect(own.current()).toBeDefined()
    own.close()
  })

  it('keeps to 16 addresses, few of each relay, and to its size', async () => {
    const direct = Array.from({ length: 30 }, (_, n) => `/ip4/192.0.2.${n + 1}/tcp/4001`)
    const relayed = ['/webrtc', ''].flatMap(onwards =>
      ['127.0.0.1', '192.0.2.51', '192.0.2.52'].map(
        host => `/ip4/${host}/tcp/1/p2p/${RELAY}/p2p-circuit${onwards}/p2p/${peer.peerId}`,
      ),
    )
    const { own, facts, said, pass } = testOwn()
    facts.addresses = [...relayed, '/ip4/127.0.0.1/tcp/4001', ...direct]
    await pass(1000)
    const addresses = said()?.addresses ?? []
    expect(addresses).toHaveLength(16)
    expect(addresses.filter(address => address.includes('p2p-circuit'))).toEqual([
      `/ip4/192.0.2.51/tcp/1/p2p/${RELAY}/p2p-circuit/webrtc`,
      `/ip4/192.0.2.51/tcp/1/p2p/${RELAY}/p2p-circuit`,
    ])
    expect(addresses[0]).toBe('/ip4/192.0.2.1/tcp/4001')
    expect(addresses).not.toContain('/ip4/127.0.0.1/tcp/4001')
    facts.addresses = direct.map((_, n) => `/dns4/${'x'.repeat(400)}${n}/tcp/4001`)
    own.changed()
    await pass(15_000)
    expect(own.current()?.text.length).toBeLessThanOrEqual(MAX_ANNOUNCEMENT_CHARS)
    expect(said()?.addresses.length).toBeGreaterThan(5)
    own.close()
  })
})
