/** By address range: connections from the internet, which no test can have for real. */
import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../clock.ts'
import { Admission, type InboundConnection } from './admission.ts'
import { BarredPeers, FIRST_BAR_MS, PEERS_TO_BAR_RANGE } from './barred-peers.ts'
import type { PeerOverLimitError } from './errors.ts'
import { PeerAccounts } from './peer-accounts.ts'
import { DEFAULT_MESH_LIMITS, type MeshLimits } from './peer-limits.ts'

class Inbound implements InboundConnection {
  readonly remoteAddr
  open = true
  readonly #closed: (() => void)[] = []

  constructor(ip: string) {
    this.remoteAddr = multiaddr(`/ip${ip.includes(':') ? 6 : 4}/${ip}/tcp/4001`)
  }

  addEventListener(_: 'close', listener: () => void): void {
    this.#closed.push(listener)
  }

  abort(): void {
    this.open = false
    for (const listener of this.#closed) listener()
  }
}

function setUp(over: Partial<MeshLimits> = {}) {
  const limits = { ...DEFAULT_MESH_LIMITS, ...over }
  const clock = new ManualClock()
  const granted = new Set<string>()
  const barred = new BarredPeers(clock)
  const overLimit: { peerId: string; error: PeerOverLimitError }[] = []
  const admission = new Admission({
    limits,
    gate: { isGranted: id => granted.has(id) },
    accounts: new PeerAccounts(limits),
    barred,
    clock,
    onOver: (peerId, _, error) => overLimit.push({ peerId, error }),
  })
  /** A connection that comes from there and turns out to be of that peer; undefined when it is refused. */
  function come(ip: string, peerId: string): Inbound | undefined {
    const connection = new Inbound(ip)
    if (!admission.admits(connection)) return undefined
    if (admission.admitsPeer(peerId, connection)) return connection
    connection.abort()
    return undefined
  }
  return { admission, clock, granted, barred, overLimit, come }
}

describe('connections of one address range', () => {
  it('that are being set up are so many at once, and take nothing from other ranges', () => {
    const { admission } = setUp()
    const pending = Array.from({ length: 40 }, (_, n) => new Inbound(`203.0.113.${n}`))
    expect(pending.filter(connection => admission.admits(connection))).toHaveLength(32)
    expect(admission.admits(new Inbound('203.0.114.1'))).toBe(true)
    expect(admission.admits(new Inbound('2001:db8::1'))).toBe(true)
    pending[0]?.abort()
    expect(admission.admits(new Inbound('203.0.113.99'))).toBe(true)
  })

  it('are so many a second', async () => {
    const { admission, clock } = setUp()
    let admitted = 0
    const storm = () => {
      for (let n = 0; n < 500; n += 1) {
        const connection = new Inbound('2001:db8:1:2::9')
        if (!admission.admits(connection)) continue
        admitted += 1
        connection.abort()
      }
    }
    storm()
    expect(admitted).toBe(200)
    await clock.advance(1000)
    storm()
    expect(admitted).toBe(220)
  })

  it('of strangers are so many, of peers with a grant as many as come', () => {
    const { come, granted } = setUp()
    const strangers = Array.from({ length: 40 }, (_, n) => come('203.0.113.5', `stranger ${n}`))
    expect(strangers.filter(connection => connection !== undefined)).toHaveLength(32)
    for (let n = 0; n < 100; n += 1) {
      granted.add(`worker ${n}`)
      expect(come('203.0.113.5', `worker ${n}`)).toBeDefined()
    }
    expect(come('198.51.100.5', 'stranger from elsewhere')).toBeDefined()
  })

  it('are not counted for the loopback, where a reverse proxy and all its visitors are', () => {
    const { come } = setUp()
    for (let n = 0; n < 250; n += 1) expect(come('127.0.0.1', `visitor ${n}`)).toBeDefined()
  })

  it('are those of one machine on a private network', () => {
    const { come } = setUp()
    for (let n = 0; n < 100; n += 1) expect(come(`192.168.1.${n}`, `neighbour ${n}`)).toBeDefined()
    const one = Array.from({ length: 100 }, (_, n) => come('10.0.0.1', `tab ${n}`))
    expect(one.filter(connection => connection !== undefined)).toHaveLength(64)
  })
})

describe('a range of the internet out of which many peers are barred', () => {
  it('is barred itself, and only it', async () => {
    const { come, barred, clock } = setUp()
    for (let n = 0; n < PEERS_TO_BAR_RANGE; n += 1) {
      expect(come('203.0.113.5', `before ${n}`)).toBeDefined()
      barred.bar(`hostile ${n}`, '203.0.113.0/24')
    }
    expect(come('203.0.113.6', 'anybody')).toBeUndefined()
    expect(come('203.0.114.6', 'a neighbour')).toBeDefined()
    await clock.advance(FIRST_BAR_MS + 1)
    expect(come('203.0.113.6', 'anybody')).toBeDefined()
  })
})

describe('what is remembered of connections', () => {
  it('is nothing once they are closed', () => {
    const { come, admission } = setUp()
    for (let n = 0; n < 1000; n += 1) come(`10.0.${n % 250}.1`, `peer ${n}`)?.abort()
    expect(admission.size).toBe(0)
  })

  it('is nothing of one that was refused, also when its transport never says that it is closed', async () => {
    const { admission, barred, clock } = setUp()
    barred.bar('hostile')
    for (let n = 0; n < 100; n += 1) {
      const connection = new Inbound('203.0.113.5')
      expect(admission.admits(connection)).toBe(true)
      expect(admission.admitsPeer('hostile', connection)).toBe(false)
    }
    expect(admission.size).toBe(0)
    // Nor of one that never got so far.
    for (let n = 0; n < 32; n += 1) expect(admission.admits(new Inbound('203.0.113.5'))).toBe(true)
    expect(admission.admits(new Inbound('203.0.113.5'))).toBe(false)
    await clock.advance(60_001)
    expect(admission.admits(new Inbound('203.0.113.5'))).toBe(true)
    expect(admission.size).toBe(1)
  })

  it('is nothing of a connection that nobody let in', () => {
    const { admission } = setUp()
    expect(admission.admitsPeer('somebody', new Inbound('10.0.0.1'))).toBe(false)
    expect(admission.size).toBe(0)
  })
})
