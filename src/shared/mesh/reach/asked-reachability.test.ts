import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { afterEach, describe, expect, it } from 'vitest'
import { ManualClock, systemClock } from '../../clock.ts'
import { silentLogger } from '../../logger.ts'
import type { MeshHost, MeshHostOptions } from '../host-contract.ts'
import { openSession, tcpHost } from '../mesh-pair.fixture.ts'
import { AskedReachability } from './asked-reachability.ts'
import type { PublicIp } from './reachability.ts'

const closing: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function host(options: Partial<MeshHostOptions> = {}): Promise<MeshHost> {
  const made = await tcpHost(options)
  closing.push(() => made.close())
  return made
}

const signal = () => AbortSignal.timeout(20_000)

describe('dialling back', () => {
  it('says by which addresses a peer could come in, and tries no other host', async () => {
    const asker = await host({
      transports: [tcp(), webSockets()],
      listen: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'],
    })
    const other = await host({ transports: [tcp(), webSockets()] })
    await openSession(asker, other)
    const own = asker.addresses().map(address => address.replace(/\/p2p\/.*/, ''))
    const elsewhere = ['/ip4/127.0.0.2/tcp/1', '/dns4/localhost/tcp/1']
    expect(await asker.dialBack(other.peerId, [...own, ...elsewhere], signal())).toEqual(own)
    expect(other.connections(asker.peerId)).toBe(1)
  })

  it('is refused to a peer without a grant that came by itself, and too often', async () => {
    const asker = await host()
    const closed = await host({ gater: { isGranted: () => false } })
    await openSession(asker, closed)
    await expect(asker.dialBack(closed.peerId, [], signal())).rejects.toMatchObject({ code: 'forbidden' })
    const open = await host()
    await openSession(asker, open)
    await asker.dialBack(open.peerId, [], signal())
    await expect(asker.dialBack(open.peerId, [], signal())).rejects.toMatchObject({ code: 'rate_limited' })
  })

  it('names an address that leads nowhere by leaving it out', async () => {
    const [asker, other] = [await host({ listen: [] }), await host()]
    await openSession(asker, other)
    expect(await asker.dialBack(other.peerId, ['/ip4/127.0.0.1/tcp/9'], signal())).toEqual([])
  })
})

interface World {
  addresses: string[]
  /** Where each peer sees this one. */
  peers: Map<string, string>
  reachable: (address: string) => boolean
  others: PublicIp[]
  strangers?: Set<string>
}

/** What the peers of a made-up internet say, for addresses that no test may send to. */
async function asked(world: World) {
  const clock = new ManualClock()
  let observe: (peerId: string, address: string) => void = () => {}
  const reach = new AskedReachability({
    host: {
      addresses: () => world.addresses,
      sessions: () => [...world.peers.keys()].map(peerId => ({ peerId, path: 'tcp' }) as never),
      dialBack: async (_, addresses) => addresses.filter(world.reachable),
      onObserved: fn => {
        observe = fn
        return () => {}
      },
      onSession: () => () => {},
    },
    others: async () => world.others,
    trusts: peerId => world.strangers?.has(peerId) !== true,
    clock,
    logger: silentLogger,
    random: () => 0.5,
  })
  closing.push(() => reach.close())
  for (const [peerId, address] of world.peers) observe(peerId, address)
  return { reach, clock }
}

describe('reachability', () => {
  const listening = ['/ip4/10.1.0.2/tcp/4001/p2p/QmSelf', '/ip4/127.0.0.1/tcp/4001/p2p/QmSelf']

  it('is public where a peer came in by a public address, which is then one of its own', async () => {
    const { reach, clock } = await asked({
      addresses: listening,
      peers: new Map([['a', '/ip4/5.0.0.20/tcp/51234']]),
      reachable: address => address === '/ip4/5.0.0.20/tcp/4001',
      others: [],
    })
    expect(await reach.report({ refresh: false, signal: signal() })).toMatchObject({ nat: 'unknown' })
    const found = await reach.report({ refresh: true, signal: signal() })
    expect(found.nat).toBe('public')
    expect(found.public_ips[0]).toMatchObject({ ip: '5.0.0.20', source: 'autonat' })
    expect(reach.confirmed()).toEqual(['/ip4/5.0.0.20/tcp/4001'])
    await clock.advance(60 * 60_000)
    expect(reach.confirmed(), 'nobody came in for an hour').toEqual([])
  })

  it('does not believe a stranger: not where it sees this peer, nor that it came in', async () => {
    const dialled: string[] = []
    const { reach } = await asked({
      addresses: listening,
      peers: new Map([['stranger', '/ip4/5.0.0.66/tcp/80']]),
      reachable: address => {
        dialled.push(address)
        return true
      },
      others: [],
      strangers: new Set(['stranger']),
    })
    const found = await reach.report({ refresh: true, signal: signal() })
    expect(reach.confirmed()).toEqual([])
    expect(dialled).toEqual([])
    expect(found).toMatchObject({ nat: 'unknown', public_ips: [] })
  })

  it('forgets what strangers saw before what others did', async () => {
    const strangers = Array.from({ length: 100 }, (_, n) => `stranger${n}`)
    const { reach } = await asked({
      addresses: listening,
      peers: new Map([
        ['a', '/ip4/5.0.0.20/tcp/1'],
        ...strangers.map(id => [id, '/ip4/5.0.0.66/tcp/1'] as const),
      ]),
      reachable: () => false,
      others: [],
      strangers: new Set(strangers),
    })
    const { public_ips } = await reach.report({ refresh: false, signal: signal() })
    expect(public_ips.map(({ ip }) => ip)).toEqual(['5.0.0.20'])
  })

  it('is private where peers see a public address and could not come in, and says what they saw', async () => {
    const { reach } = await asked({
      addresses: [...listening, '/ip4/5.0.0.10/tcp/1/p2p/QmRelay/p2p-circuit/p2p/QmSelf'],
      peers: new Map([
        ['a', '/ip4/5.0.0.20/tcp/51234'],
        ['b', '/ip4/5.0.0.20/tcp/51235'],
      ]),
      reachable: () => false,
      others: [{ ip: '5.0.0.20', source: 'stun', witnesses: 1, at: 1 }],
    })
    expect(await reach.report({ refresh: true, signal: signal() })).toMatchObject({
      nat: 'private',
      public_ips: [
        { ip: '5.0.0.20', source: 'observed', witnesses: 2 },
        { ip: '5.0.0.20', source: 'stun' },
      ],
      addresses: [
        { address: '/ip4/5.0.0.20', state: 'observed' },
        { address: listening[0], state: 'listening' },
        { address: listening[1], state: 'listening' },
      ],
      relays: [{ peer_id: 'QmRelay' }],
    })
  })

  it('is unknown where only neighbours can tell, though they come in', async () => {
    const { reach } = await asked({
      addresses: listening,
      peers: new Map([['a', '/ip4/10.1.0.2/tcp/51234']]),
      reachable: () => true,
      others: [],
    })
    const found = await reach.report({ refresh: true, signal: signal() })
    expect(found).toMatchObject({ nat: 'unknown', public_ips: [] })
    expect(found.addresses[0]).toEqual({ address: '/ip4/10.1.0.2/tcp/4001', state: 'confirmed' })
  })

  it('asks once for all that want to know at the same time', async () => {
    let rounds = 0
    const made = await host()
    const reach = new AskedReachability({
      host: made,
      others: async () => {
        rounds += 1
        return []
      },
      trusts: () => true,
      clock: systemClock,
      logger: silentLogger,
      random: () => 0,
    })
    closing.push(() => reach.close())
    await Promise.all([1, 2].map(() => reach.report({ refresh: true, signal: signal() })))
    expect(rounds).toBe(1)
  })
})
