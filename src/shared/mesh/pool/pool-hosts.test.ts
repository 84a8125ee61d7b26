import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../clock.ts'
import { silentLogger } from '../../logger.ts'
import type { MeshHost } from '../host-contract.ts'
import { tcpHost } from '../mesh-pair.fixture.ts'
import { mcpSide } from '../session.fixture.ts'
import type { PoolLimits } from './pool-limits.ts'
import { MeshSessionPool } from './session-pool.ts'

const ends: (() => unknown)[] = []

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

interface Peer {
  host: MeshHost
  pool: MeshSessionPool
}

/** A host with a pool, whose sessions speak MCP as those of a node do. */
async function peer(known: () => readonly string[], limits: Partial<PoolLimits> = {}): Promise<Peer> {
  const host = await tcpHost()
  ends.push(() => host.close())
  const pool = new MeshSessionPool({
    host,
    addressesOf: (_, given) => [...given, ...known()],
    clock: systemClock,
    logger: silentLogger,
    random: Math.random,
    limits,
  })
  ends.push(() => pool.close())
  host.onSession(session => {
    mcpSide(session, host.peerId, async name => ({ name })).catch(() => {})
  })
  return { host, pool }
}

const signal = () => AbortSignal.timeout(20_000)

describe('pools of real hosts', () => {
  it('open one session for many wishes from both sides at once, and end it when it is idle', async () => {
    const right: Peer = await peer(() => left.host.addresses(), { idleMs: 200 })
    const left: Peer = await peer(() => right.host.addresses(), { idleMs: 200 })
    const wishes = Array.from({ length: 20 }, (_, n) => {
      const [own, other] = n % 2 === 0 ? [left, right] : [right, left]
      return own.pool.use(other.host.peerId, { signal: signal() }, async () => {})
    })
    await Promise.allSettled(wishes)
    await expect
      .poll(() => left.host.sessions().length + right.host.sessions().length, { timeout: 10_000 })
      .toBe(0)
    expect(left.pool.metrics().opens + right.pool.metrics().opens).toBeLessThanOrEqual(4)
    await expect.poll(() => left.host.connections(right.host.peerId), { timeout: 10_000 }).toBe(0)
  })

  it('leave a session open that the other side keeps', async () => {
    const right: Peer = await peer(() => [])
    const left: Peer = await peer(() => right.host.addresses(), { idleMs: 100 })
    await left.pool.use(right.host.peerId, { signal: signal() }, async () => {})
    const keeping = new AbortController()
    const online = Promise.withResolvers<void>()
    right.pool.keep(left.host.peerId, {
      signal: keeping.signal,
      onState: ({ phase }) => {
        if (phase === 'online') online.resolve()
      },
    })
    await online.promise
    const kept = right.host.session(left.host.peerId)
    const refused = left.host.session(right.host.peerId)?.retire(signal())
    expect(await refused).toBe(false)
    expect(right.host.session(left.host.peerId)).toBe(kept)
    keeping.abort()
    await expect.poll(() => left.host.sessions().length, { timeout: 10_000 }).toBe(0)
  })
})
