/** What a hostile peer comes to, each time a real one over TCP. */
import type { Connection } from '@libp2p/interface'
import { afterEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../../clock.ts'
import type { MeshHost, MeshHostOptions } from '../host-contract.ts'
import { tcpHost } from '../mesh-pair.fixture.ts'
import { FIRST_BAR_MS } from './barred-peers.ts'
import { type HostilePeer, hostilePeer, RawSession } from './hostile-peer.fixture.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await Promise.all(closing.splice(0).map(close => close()))
})

interface Victim {
  host: MeshHost
  clock: ManualClock
  granted: Set<string>
  barred: { peerId: string; ms: number; why: string }[]
}

async function victim(options: Partial<MeshHostOptions> = {}): Promise<Victim> {
  const clock = new ManualClock()
  const granted = new Set<string>()
  const barred: Victim['barred'] = []
  const host = await tcpHost({
    clock,
    gater: { isGranted: peerId => granted.has(peerId) },
    onBarred: (peerId, ms, why) => barred.push({ peerId, ms, why }),
    ...options,
  })
  closing.push(() => host.close())
  return { host, clock, granted, barred }
}

async function attacker(): Promise<HostilePeer> {
  const peer = await hostilePeer()
  closing.push(() => peer.close())
  return peer
}

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 10_000
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not so after 10 s: ${condition}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

/** A connection that is refused may fail at the dial, or be closed as soon as it is there. */
async function refused(connecting: Promise<Connection>): Promise<boolean> {
  try {
    const connection = await connecting
    await until(() => connection.status !== 'open')
    return true
  } catch {
    return true
  }
}

const PING = { id: 'm:1', method: 'ping' }

describe('messages', () => {
  it('ends the session of a stranger that floods, says which limit, and bars it', async () => {
    const { host, barred } = await victim()
    const peer = await attacker()
    const session = await RawSession.open(await peer.connect(host))
    while (session.send(...Array(50).fill(PING)) && !session.ended) await new Promise(setImmediate)
    await until(() => session.ended)
    expect(session.received).toContain('rate_limited')
    expect(session.received).toContain('messages of a peer')
    expect(session.received).toContain('20 a second, 100 at once')
    expect(barred).toEqual([
      { peerId: peer.peerId, ms: FIRST_BAR_MS, why: expect.stringContaining('messages of a peer') },
    ])
    expect(await refused(peer.connect(host))).toBe(true)
  })
})
