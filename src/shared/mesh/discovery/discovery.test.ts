import { afterEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../../clock.ts'
import { ToolmeshError } from '../../errors.ts'
import { silentLogger } from '../../logger.ts'
import { OpenBook, OwnWords, TestSource, wordsOf } from './discovery.fixture.ts'
import { Discovery, type DiscoveryInit } from './discovery.ts'
import type { DiscoverySource } from './discovery-source.ts'

const MINUTE = 60_000

const open: Discovery[] = []
afterEach(() => Promise.all(open.splice(0).map(discovery => discovery.close())))

function discovery(sources: DiscoverySource[], init: Partial<DiscoveryInit> = {}) {
  const clock = new ManualClock()
  const book = new OpenBook()
  const own = new OwnWords(wordsOf('self'))
  const made = new Discovery({
    ownPeerId: 'self',
    sources,
    book,
    own,
    whoIs: async () => 'someone',
    clock,
    logger: silentLogger,
    random: Math.random,
    ...init,
  })
  open.push(made)
  return { discovery: made, clock, book, own }
}

describe('looks', () => {
  it('come at the start, then at the pace of the source, give or take a fifth', async () => {
    const source = new TestSource({ everyMs: MINUTE })
    const { clock } = discovery([source])
    expect(source.looks).toBe(0)
    await clock.advance(250)
    expect(source.looks).toBe(1)
    await clock.advance(48_000 - 1)
    expect(source.looks).toBe(1)
    await clock.advance(24_001)
    expect(source.looks).toBe(2)
  })

  it('hear what they find, at most a thousand, and not of this peer', async () => {
    const source = new TestSource()
    source.work = async () =>
      Array.from({ length: 1500 }, (_, n) => ({ peer_id: `p${n}`, addresses: ['/ip4/1'] }))
    const { clock, book, discovery: made } = discovery([source])
    source.told({ peer_id: 'self', addresses: ['/ip4/1'] })
    await clock.advance(250)
    expect(book.heard).toHaveLength(1000)
    expect(made.reports()).toMatchObject([{ looks: 1, found: 1000 }])
  })

  it('are given up after their time, by the signal and without it, and tried again', async () => {
    const source = new TestSource()
    const signals: AbortSignal[] = []
    source.work = given => {
      signals.push(given)
      return new Promise(() => {})
    }
    const { clock, discovery: made } = discovery([source], { own: new OwnWords() })
    await clock.advance(250)
    await clock.advance(30_000)
    expect(signals[0]?.aborted).toBe(true)
    expect(made.reports()).toMatchObject([{ error: { code: 'timed_out' } }])
    await clock.advance(1000)
    expect(source.looks).toBe(2)
  })

  it('wait longer after each failure, up to half an hour, and as long as the failure asks for', async () => {
    const source = new TestSource({ everyMs: MINUTE })
    source.work = async () => {
      throw new Error('no network')
    }
    const { clock } = discovery([source], { random: () => 0.999, own: new OwnWords() })
    await clock.advance(250 + 2 ** 10 * 1000)
    expect(source.looks).toBe(11)
    source.work = async () => {
      throw new ToolmeshError('rate_limited', 'later', { retry_after_ms: 3 * 3_600_000 })
    }
    await clock.advance(30 * MINUTE)
    const before = source.looks
    await clock.advance(3 * 3_600_000 - 30 * MINUTE)
    expect(source.looks).toBe(before)
  })

  it('are made when asked for, but not twice at once nor against what the source asked for', async () => {
    const source = new TestSource()
    const { clock, discovery: made } = discovery([source])
    const both = [made.look(AbortSignal.timeout(1000)), made.look(AbortSignal.timeout(1000))]
    await Promise.all(both)
    await made.look(AbortSignal.timeout(1000))
    expect(source.looks).toBe(1)
    source.work = async () => {
      throw new ToolmeshError('rate_limited', 'later', { retry_after_ms: MINUTE })
    }
    await clock.advance(5000)
    await made.look(AbortSignal.timeout(1000))
    await clock.advance(5000)
    await made.look(AbortSignal.timeout(1000))
    expect(source.looks).toBe(2)
  })
})

describe('addresses without a peer id', () => {
  it('are asked whose they are, each seldom', async () => {
    const source = new TestSource()
    source.work = async () => [{ addresses: ['/ip4/1', '/ip4/2', '/ip4/3'] }]
    const asked: string[] = []
    const whoIs = async (address: string) => {
      asked.push(address)
      if (address === '/ip4/3') throw new Error('nobody there')
      return address === '/ip4/1' ? 'self' : 'other'
    }
    const { clock, book } = discovery([source], { whoIs, own: new OwnWords() })
    await clock.advance(250)
    await clock.advance(72_000)
    expect(source.looks).toBe(2)
    expect(asked).toEqual(['/ip4/1', '/ip4/2', '/ip4/3'])
    expect(book.heard[0]).toEqual({ found: { peer_id: 'other', addresses: ['/ip4/2'] }, source: 'file' })
  })
})

describe('a search for one peer', () => {
  it('asks sources that can be asked, looks in the others, and not again for a while', async () => {
    const reader = new TestSource()
    const asking = new TestSource()
    const searched: string[] = []
    const lookFor = async (peerId: string) => {
      searched.push(peerId)
      return [{ peer_id: peerId, addresses: ['/ip4/7'] }]
    }
    const { discovery: made, clock } = discovery([reader, Object.assign(asking, { lookFor })])
    expect(await made.lookFor('p', AbortSignal.timeout(1000))).toBe(true)
    expect(await made.lookFor('p', AbortSignal.timeout(1000))).toBe(true)
    expect([searched, reader.looks, asking.looks]).toEqual([['p'], 1, 0])
    await clock.advance(10_000)
    await made.lookFor('p', AbortSignal.timeout(1000))
    expect(searched).toEqual(['p', 'p'])
  })

  it('ends at the abort, whatever a source does', async () => {
    const source = Object.assign(new TestSource(), { lookFor: () => new Promise<never>(() => {}) })
    const { discovery: made } = discovery([source])
    expect(await made.lookFor('p', AbortSignal.timeout(20))).toBe(false)
  })
})

describe('publications', () => {
  it('come at the start, at each change no faster than the pace allows, and again and again', async () => {
    const source = new TestSource({ everyMs: 10 * MINUTE })
    const { clock, own } = discovery([source])
    await clock.advance(250)
    expect(source.published).toHaveLength(1)
    for (let seq = 2; seq < 100; seq++) {
      own.set(wordsOf('self', seq))
      await clock.advance(1000)
    }
    expect(source.published.length).toBeLessThanOrEqual(3)
    await clock.advance(MINUTE)
    expect(source.published.at(-1)).toEqual(wordsOf('self', 99))
    const before = source.published.length
    await clock.advance(13 * MINUTE)
    expect(source.published.length).toBe(before + 1)
  })

  it('are made when asked for, but not again at once', async () => {
    const source = new TestSource({ everyMs: 10 * MINUTE })
    const { clock, discovery: made } = discovery([source])
    await made.announce(AbortSignal.timeout(1000))
    await made.announce(AbortSignal.timeout(1000))
    expect(source.published).toHaveLength(1)
    await clock.advance(5000)
    await made.announce(AbortSignal.timeout(1000), ['file'])
    expect(made.reports()).toMatchObject([{ published: 2 }])
  })

  it('wait until there is an address to tell', async () => {
    const source = new TestSource()
    const { clock, discovery: made } = discovery([source], { own: new OwnWords() })
    await clock.advance(5 * MINUTE)
    expect(source.published).toHaveLength(0)
    await made.close()
    expect(source.withdrawn).toBe(false)
  })

  it('are tried again when the source can, without waiting out the backoff', async () => {
    const source = new TestSource()
    source.work = async () => {
      throw new ToolmeshError('unavailable', 'nobody is there yet')
    }
    const { clock } = discovery([source], { random: () => 0.999 })
    await clock.advance(20 * MINUTE)
    source.work = async () => []
    source.ready()
    await clock.advance(5000)
    expect(source.published).toHaveLength(1)
  })

  it('are taken back at the end', async () => {
    const source = new TestSource()
    const { clock, discovery: made } = discovery([source])
    await clock.advance(250)
    await made.close()
    expect([source.withdrawn, source.closed]).toEqual([true, true])
    const { looks } = source
    await clock.advance(10 * MINUTE)
    expect(source.looks).toBe(looks)
  })

  it('do not hold up the end for long', async () => {
    const source = new TestSource()
    source.withdraw = () => new Promise(() => {})
    const { clock, discovery: made } = discovery([source])
    await clock.advance(250)
    const closed = made.close()
    await clock.advance(2000)
    await closed
    expect(source.closed).toBe(true)
  })
})

function onlyPublishing(source: TestSource): TestSource {
  return Object.defineProperty(source, 'find', { value: undefined })
}

describe('many peers', () => {
  function crowd(count: number, floods: boolean) {
    const clock = new ManualClock()
    const sources = Array.from({ length: count }, () =>
      onlyPublishing(new TestSource({ everyMs: 10_000, floods })),
    )
    const all = sources.map(source => {
      const book = Object.assign(new OpenBook(), { size: count })
      return discovery([source], { clock, book })
    })
    const published = () => sources.reduce((sum, source) => sum + source.published.length, 0)
    return { clock, sources, all, published }
  }

  it('together say about 60 announcements a minute where each reaches all, however many they are', async () => {
    const { clock, published, all } = crowd(100, true)
    await clock.advance(20 * MINUTE)
    const before = published()
    for (const [index, { own }] of all.entries()) own.set(wordsOf('self', index + 2))
    await clock.advance(10 * MINUTE)
    expect((published() - before) / 10).toBeGreaterThan(40)
    expect((published() - before) / 10).toBeLessThan(80)
  })

  it('are a thousand, and each says no more for it, however often its words change', async () => {
    const source = onlyPublishing(new TestSource({ everyMs: MINUTE, floods: true }))
    const { clock, own } = discovery([source], { book: Object.assign(new OpenBook(), { size: 1000 }) })
    for (let minute = 0; minute < 180; minute++) {
      own.set(wordsOf('self', minute + 2))
      await clock.advance(MINUTE)
    }
    // One in a thousand seconds: 10.8 in three hours, and the first.
    expect(source.published.length).toBeGreaterThanOrEqual(8)
    expect(source.published.length).toBeLessThanOrEqual(12)
  })

  it('do not all speak at once when a network comes back', async () => {
    const { clock, sources, all, published } = crowd(100, false)
    const fail = async () => {
      throw new Error('no network')
    }
    for (const source of sources) source.work = fail
    await clock.advance(20 * MINUTE)
    const before = published()
    for (const source of sources) source.work = async () => []
    for (const { discovery: made } of all) made.wake()
    let most = 0
    // Those that have just tried wait for their pace besides.
    for (let ms = 0; ms < 16_000; ms += 500) {
      const sofar = published()
      await clock.advance(500)
      most = Math.max(most, published() - sofar)
    }
    expect(published() - before).toBeGreaterThanOrEqual(100)
    expect(most).toBeLessThan(35)
  })
})

describe('news of the network', () => {
  it('are no reason to ask again where all goes well', async () => {
    const source = new TestSource()
    const { clock, discovery: made } = discovery([source])
    await clock.advance(250)
    made.wake()
    await clock.advance(30_000)
    expect([source.looks, source.published.length]).toEqual([1, 1])
  })
})

describe('what is told by itself', () => {
  it('is heard, and a flood of it is dropped', async () => {
    const source = new TestSource()
    const { book, clock, discovery: made } = discovery([source])
    for (let n = 0; n < 1000; n++) source.told({ peer_id: `p${n}`, addresses: ['/ip4/1'] })
    await clock.advance(1)
    expect(book.heard).toHaveLength(256)
    expect(made.reports()[0]?.last_success).toBeDefined()
  })
})
