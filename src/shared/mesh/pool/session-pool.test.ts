import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../clock.ts'
import type { ToolmeshError } from '../../errors.ts'
import type { DialReport } from '../dialling/dial-report.ts'
import type { Session } from '../session-contract.ts'
import { poolOfTest, TestHost } from './pool.fixture.ts'

const never = () => new Promise<never>(() => {})
const signal = () => new AbortController().signal

/** How a wish ended, or that it has not. */
function followed(wish: Promise<unknown>): { state: () => string } {
  let state = 'waits'
  wish.then(
    () => {
      state = 'done'
    },
    (error: ToolmeshError) => {
      state = error.code ?? error.message
    },
  )
  return { state: () => state }
}

describe('using a session', () => {
  it('opens one, once for all who wish for it, and takes it again later', async () => {
    const { pool, host } = poolOfTest()
    const seen = await Promise.all(
      [1, 2, 3].map(() => pool.use('peer', { signal: signal() }, async one => one)),
    )
    expect(new Set(seen).size).toBe(1)
    expect(host.dials).toBe(1)
    expect(await pool.use('peer', { signal: signal() }, async one => one)).toBe(seen[0])
    expect(pool.metrics()).toMatchObject({ open: 1, uses: 4, reuse: 0.25, opens: 1, failures: {} })
  })

  it('gives what the work gives and throws what it throws; the session is held meanwhile', async () => {
    const { pool, host } = poolOfTest()
    const held = await pool.use('peer', { signal: signal() }, async () => host.all[0]?.held)
    expect([held, host.all[0]?.held]).toEqual([true, false])
    const failing = pool.use('peer', { signal: signal() }, () => Promise.reject(new Error('mine')))
    await expect(failing).rejects.toThrow('mine')
    expect(host.all[0]?.held).toBe(false)
  })

  it('ends each wish by its own deadline, and the opening when nobody waits for it', async () => {
    const { pool, host, clock } = poolOfTest()
    host.answer = 'never'
    const early = new AbortController()
    const first = followed(pool.use('peer', { signal: early.signal }, never))
    const second = followed(pool.use('peer', { signal: signal(), waitMs: 2000 }, never))
    await clock.advance(1000)
    early.abort(new Error('given up'))
    await clock.advance(0)
    expect([first.state(), second.state()]).toEqual(['given up', 'waits'])
    expect(host.dialling.get('peer')).toHaveLength(1)
    await clock.advance(1000)
    expect(second.state()).toBe('unavailable')
    expect(host.dialling.get('peer')).toHaveLength(0)
    // That nobody waited says nothing of the peer.
    host.answer = 'at once'
    await pool.use('peer', { signal: signal(), waitMs: 0 }, async () => {})
    expect(pool.metrics().failures).toEqual({})
  })

  it('fails at once after a failure with its reason, or waits for the next try where its time reaches so far', async () => {
    const { pool, host, clock } = poolOfTest()
    host.answer = 'fails'
    await expect(pool.use('peer', { signal: signal() }, never)).rejects.toMatchObject({ code: 'unavailable' })
    await expect(pool.use('peer', { signal: signal(), waitMs: 249 }, never)).rejects.toMatchObject({
      code: 'unavailable',
      details: { retry_after_ms: 250 },
    })
    expect(host.dials).toBe(1)
    host.answer = 'at once'
    const patient = followed(pool.use('peer', { signal: signal(), waitMs: 251 }, async () => {}))
    await clock.advance(249)
    expect(patient.state()).toBe('waits')
    await clock.advance(1)
    expect(patient.state()).toBe('done')
    expect(pool.metrics()).toMatchObject({ opens: 1, failures: { unavailable: 1 } })
  })

  it('need not wait with an address that was not tried', async () => {
    const { pool, host } = poolOfTest()
    host.answer = 'fails'
    await expect(pool.use('peer', { signal: signal() }, never)).rejects.toThrow()
    host.answer = 'at once'
    await pool.use('peer', { signal: signal(), waitMs: 0, addresses: ['/new'] }, async () => {})
    expect(host.dialled).toEqual([['/dns/peer/tcp/1'], ['/new', '/dns/peer/tcp/1']])
  })

  it('says so when no address of the peer is known', async () => {
    const { pool } = poolOfTest({ addressesOf: () => [] })
    await expect(pool.use('peer', { signal: signal() }, never)).rejects.toMatchObject({ code: 'not_found' })
  })

  it('opens a new one where the last is dead, at once when that one had lasted', async () => {
    const { pool, host, clock } = poolOfTest()
    await pool.use('peer', { signal: signal() }, async () => {})
    await clock.advance(10_000)
    host.all[0]?.end('unavailable')
    await clock.advance(0)
    await pool.use('peer', { signal: signal(), waitMs: 0 }, async () => {})
    expect(host.dials).toBe(2)
    expect(pool.metrics().ends).toEqual({ unavailable: 1 })
    // One that ends soon after it began counts as a failure, by its reason.
    host.all[1]?.end('rate_limited')
    await clock.advance(0)
    await expect(pool.use('peer', { signal: signal(), waitMs: 0 }, never)).rejects.toMatchObject({
      code: 'rate_limited',
    })
  })

  it('opens few at once', async () => {
    const { pool, host, settle } = poolOfTest({ limits: { openings: 2 } })
    host.answer = 'never'
    const wishes = ['a', 'b', 'c'].map(peer => followed(pool.use(peer, { signal: signal() }, async () => {})))
    await settle()
    expect(host.dials).toBe(2)
    host.answer = 'at once'
    host.dialling.get('a')?.[0]?.resolve()
    await settle()
    expect(wishes.map(({ state }) => state())).toEqual(['done', 'waits', 'done'])
  })

  it('tells what became of the addresses in the last round', async () => {
    const { pool, host, clock, settle } = poolOfTest()
    const report = (address: string): DialReport => ({
      peer_id: 'peer',
      address,
      path: 'tcp',
      outcome: 'failed',
      ms: 1,
      steps: [],
    })
    const heard: string[] = []
    pool.onDial(({ address }) => heard.push(address))
    host.answer = 'never'
    for (const address of ['/one', '/two']) {
      const wish = pool.use('peer', { signal: signal() }, never).catch(() => {})
      await settle()
      host.report(report(address))
      host.dialling.get('peer')?.[0]?.reject(new Error('failed'))
      await wish
      await clock.advance(60_000)
    }
    expect(pool.lastDials('peer').map(({ address }) => address)).toEqual(['/two'])
    expect(heard).toEqual(['/one', '/two'])
    expect(pool.lastDials('nobody')).toEqual([])
  })
})

it('counts how a session ended that began before the pool', async () => {
  const clock = new ManualClock()
  const host = new TestHost(clock)
  const early = host.begin('peer', 'inbound')
  const { pool } = poolOfTest({ host, clock })
  early.end('closed')
  await clock.advance(0)
  expect(pool.metrics().ends).toEqual({ closed: 1 })
})

describe('an idle session', () => {
  const limits = { idleMs: 1000 }

  it('is closed after a while, not while it is used', async () => {
    const { pool, host, clock } = poolOfTest({ limits })
    const end = Promise.withResolvers<void>()
    const use = pool.use('peer', { signal: signal() }, () => end.promise)
    await clock.advance(5000)
    expect(host.open).toHaveLength(1)
    end.resolve()
    await use
    await clock.advance(999)
    expect(host.open).toHaveLength(1)
    await clock.advance(1001)
    expect(host.open).toHaveLength(0)
    expect(pool.metrics().ends).toEqual({ idle: 1 })
    await pool.use('peer', { signal: signal(), waitMs: 0 }, async () => {})
    expect(host.dials).toBe(2)
  })

  it('stays while the peer uses it, while it is kept, and when the peer opened it', async () => {
    const { pool, host, clock } = poolOfTest({ limits })
    await pool.use('uses', { signal: signal() }, async () => {})
    for (const session of host.open) session.agrees = false
    const keeping = new AbortController()
    pool.keep('kept', { signal: keeping.signal, onState: () => {} })
    host.begin('comes', 'inbound')
    await clock.advance(10_000)
    expect(host.open.map(({ peerId }) => peerId)).toEqual(['uses', 'comes', 'kept'])
    expect(host.all[0]?.asked).toBeGreaterThan(5)
    keeping.abort()
    for (const session of host.open) session.agrees = true
    await clock.advance(2000)
    expect(host.open.map(({ peerId }) => peerId)).toEqual(['comes'])
  })

  it('goes earlier when there are too many, the one idle for longest first', async () => {
    const { pool, host, clock } = poolOfTest({ limits: { idleMs: 100_000, idleSessions: 2 } })
    for (const peer of ['a', 'b', 'c', 'd']) {
      await pool.use(peer, { signal: signal() }, async () => {})
      await clock.advance(10)
    }
    expect(host.open.map(({ peerId }) => peerId)).toEqual(['b', 'c', 'd'])
  })
})

describe('a peer that is dropped', () => {
  it('is opened by nothing that keeps it for a moment, and by whoever wishes for it', async () => {
    const { pool, host, clock, settle } = poolOfTest()
    pool.keep('peer', { signal: signal(), onState: () => {} })
    await clock.advance(20_000)
    await pool.drop('peer')
    await clock.advance(4900)
    expect(host.dials).toBe(1)
    await clock.advance(200)
    expect(host.dials).toBe(2)
    await pool.drop('peer')
    await settle()
    let used: Session | undefined
    await pool.use('peer', { signal: signal(), waitMs: 1000 }, async session => {
      used = session
    })
    expect(used).toBe(host.all[2])
  })

  it('gives up what is being opened', async () => {
    const { pool, host, settle } = poolOfTest()
    host.answer = 'never'
    const wish = followed(pool.use('peer', { signal: signal() }, never))
    await settle()
    await pool.drop('peer')
    await settle()
    expect(wish.state()).toBe('cancelled')
  })
})

describe('the table of peers', () => {
  it('forgets whom it used longest ago, but nobody who is in use', async () => {
    const { pool, host, clock } = poolOfTest({ limits: { peers: 3, idleMs: 1000 } })
    host.answer = 'fails'
    for (const peer of ['a', 'b', 'c', 'd'])
      await pool.use(peer, { signal: signal(), waitMs: 0 }, never).catch(() => {})
    host.answer = 'at once'
    // `a` was forgotten with its failure, `d` was not.
    await pool.use('a', { signal: signal(), waitMs: 0 }, async () => {})
    await expect(pool.use('d', { signal: signal(), waitMs: 0 }, never)).rejects.toThrow()
    await clock.advance(0)
    expect(host.open.map(({ peerId }) => peerId)).toEqual(['a'])
  })
})
